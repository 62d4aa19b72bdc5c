import { installedVersion } from './installed-version.js';
import { UnavailableError } from './unavailable-error.js';

/** A package of others': it is no dependency of ours, and takes part where it is installed beside us. */
export async function importForeign(
  name: string,
): Promise<{ readonly module: unknown; readonly version: string }> {
  try {
    const version = installedVersion(name);
    if (version !== undefined) return { module: await import(name), version };
  } catch (cause) {
    throw new UnavailableError(`cannot be loaded (npm install ${name})`, { cause });
  }
  throw new UnavailableError(`not installed (npm install ${name})`);
}
