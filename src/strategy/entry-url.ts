/** A program of ours that runs in a thread or process of its own. */
export type EntryName = 'worker' | 'process' | 'bridge';

/**
 * Where such a program is. This file stands one folder below `dist/`, as the chunks of the bundle stand one below
 * `dist/bundle/`: the same path is right in both.
 */
export function entryUrl(name: EntryName): URL {
  return new URL(`../entry/${name}.js`, import.meta.url);
}
