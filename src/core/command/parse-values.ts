import { fileURLToPath } from 'node:url';
import { invalidOptionRange, invalidOptionType } from '../../errors/invalid-option-error.js';

/** A boolean, or what stands for one that is absent. */
export function parseFlag(value: unknown, option: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw invalidOptionType(option, 'a boolean', value);
}

/** Bytes; `undefined` stays what it is. */
export function parseSize(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  const rule = 'a non-negative number of bytes';
  if (typeof value !== 'number') throw invalidOptionType(option, rule, value);
  if (!(value >= 0)) throw invalidOptionRange(option, rule, value);
  return value;
}

/** A path, also as a `file:` URL. */
export function parsePath(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined;
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value);
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidOptionType(option, 'a path or a file: URL', value);
}
