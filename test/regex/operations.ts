import * as limited from 'hardstop/regex';

/** What an operation is applied to: an expression of its own for each run, and the rest of its arguments. */
export interface OperationInput {
  readonly regex: RegExp;
  readonly input: string;
  readonly replacement: string | limited.Replacer;
  readonly limit: number | undefined;
}

/** One operation, as the language has it and as `hardstop/regex` has it. */
export interface Operation {
  readonly name: string;
  readonly builtIn: (given: OperationInput) => unknown;
  readonly limited: (given: OperationInput, options: limited.SplitOptions) => unknown;
}

type BuiltInReplacer = (match: string, ...rest: unknown[]) => string;

/** Every export of `hardstop/regex`. */
export const operations: readonly Operation[] = [
  {
    name: 'test',
    builtIn: ({ regex, input }) => regex.test(input),
    limited: ({ regex, input }, options) => limited.test(regex, input, options as object),
  },
  {
    name: 'exec',
    builtIn: ({ regex, input }) => regex.exec(input),
    limited: ({ regex, input }, options) => limited.exec(regex, input, options as object),
  },
  {
    name: 'match',
    builtIn: ({ regex, input }) => input.match(regex),
    limited: ({ regex, input }, options) => limited.match(regex, input, options as object),
  },
  {
    name: 'matchAll',
    builtIn: ({ regex, input }) => [...input.matchAll(regex)],
    limited: ({ regex, input }, options) => [...limited.matchAll(regex, input, options as object)],
  },
  {
    name: 'search',
    builtIn: ({ regex, input }) => input.search(regex),
    limited: ({ regex, input }, options) => limited.search(regex, input, options as object),
  },
  {
    name: 'replace',
    builtIn: ({ regex, input, replacement }) =>
      input.replace(regex, replacement as BuiltInReplacer),
    limited: ({ regex, input, replacement }, options) =>
      limited.replace(regex, input, replacement, options as object),
  },
  {
    name: 'replaceAll',
    builtIn: ({ regex, input, replacement }) =>
      input.replaceAll(regex, replacement as BuiltInReplacer),
    limited: ({ regex, input, replacement }, options) =>
      limited.replaceAll(regex, input, replacement, options as object),
  },
  {
    name: 'split',
    builtIn: ({ regex, input, limit }) => input.split(regex, limit),
    limited: ({ regex, input, limit }, options) =>
      limited.split(regex, input, { ...options, limit }),
  },
];
