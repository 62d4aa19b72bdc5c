export { exec } from './api/regex/exec.js';
export { match } from './api/regex/match.js';
export { matchAll } from './api/regex/match-all.js';
export { replace } from './api/regex/replace.js';
export { replaceAll } from './api/regex/replace-all.js';
export { search } from './api/regex/search.js';
export { split } from './api/regex/split.js';
export { test } from './api/regex/test.js';

export type {
  RegexOptions,
  Replacer,
  ReplacerArgument,
  SilentRegexOptions,
} from './api/regex/regex-options.js';
export type { SplitOptions } from './api/regex/split.js';
