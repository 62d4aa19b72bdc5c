import { inspect } from 'node:util';
import { DOM_EXCEPTION, errorClassName, errorPrototype, isErrorObject } from './error-class.js';
import { NotTransferableError } from './not-transferable-error.js';

/** A value of an error's property, or a thrown value. */
type Slot =
  | { readonly kind: 'value'; readonly value: unknown }
  /** An error: its place in {@link TransferableError.errors}. */
  | { readonly kind: 'error'; readonly index: number }
  | { readonly kind: 'list'; readonly items: readonly Slot[] }
  /** Something that cannot be sent, described. */
  | { readonly kind: 'lost'; readonly text: string };

interface ErrorRecord {
  readonly className: string;
  /** Read through the prototype chain; own names are among the properties as well. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly properties: readonly (readonly [key: string, value: Slot, enumerable: boolean])[];
  /** Keys of the own properties that cannot be sent or read. */
  readonly lost: readonly string[];
}

/** Anything that was thrown, as plain data that structured clone and `v8.serialize` take. */
export interface TransferableError {
  readonly thrown: Slot;
  /** The errors met on the way, each once, so that cycles and long chains of causes need no nesting. */
  readonly errors: readonly ErrorRecord[];
}

/** The key under which a rebuilt error lists its properties that could not be sent. */
export const LOST_PROPERTIES: unique symbol = Symbol('hardstop.lostProperties');

/** Not enumerable on the originals, and worth keeping; all other hidden properties stay behind. */
const HIDDEN_PROPERTIES: ReadonlySet<string> = new Set([
  'cause',
  'errors',
  'error',
  'suppressed',
  'value',
]);

/** More errors than this, linked to one, are cut off: a hostile `cause` getter could make new ones for ever. */
const MAX_ERRORS = 1000;

/**
 * Turns anything that was thrown into plain data. Reads each property once and never throws, whatever the value does.
 */
export function toTransferable(thrown: unknown): TransferableError {
  const found: object[] = [];
  const indices = new Map<object, number>();

  const slotOf = (value: unknown): Slot => {
    if (isErrorObject(value)) {
      let index = indices.get(value);
      if (index === undefined) {
        if (found.length >= MAX_ERRORS) return { kind: 'lost', text: 'one error too many' };
        index = found.length;
        found.push(value);
        indices.set(value, index);
      }
      return { kind: 'error', index };
    }
    return valueSlot(value);
  };

  const root = slotOf(thrown);
  const errors: ErrorRecord[] = [];
  // An array's iterator also visits what is pushed on the way: `found` grows while its members are read.
  for (const error of found) errors.push(recordOf(error, slotOf));
  return { thrown: root, errors };
}

/** Rebuilds what {@link toTransferable} has taken apart: the same classes, messages, stacks, causes and properties. */
export function fromTransferable(data: TransferableError): unknown {
  const shells = data.errors.map(emptyError);
  const valueOf = (slot: Slot): unknown => {
    switch (slot.kind) {
      case 'value':
        return slot.value;
      case 'error':
        return shells[slot.index];
      case 'list':
        return slot.items.map(valueOf);
      case 'lost':
        return new NotTransferableError(
          `A value was thrown that cannot be sent from one thread to another: ${slot.text}`,
        );
    }
  };
  data.errors.forEach((record, index) => {
    fill(shells[index] as Error, record, valueOf);
  });
  return valueOf(data.thrown);
}

function recordOf(error: object, slotOf: (value: unknown) => Slot): ErrorRecord {
  const properties: [string, Slot, boolean][] = [];
  const lost: string[] = [];
  for (const key of ownStringKeys(error)) {
    if (key === 'stack' || key === 'message') continue;
    const enumerable = isEnumerable(error, key);
    if (!enumerable && !HIDDEN_PROPERTIES.has(key)) continue;
    const property = read(error, key);
    const slot = property.ok
      ? key === 'errors' && Array.isArray(property.value)
        ? listSlot(property.value, slotOf)
        : slotOf(property.value)
      : undefined;
    if (slot === undefined || slot.kind === 'lost') lost.push(key);
    else properties.push([key, slot, enumerable]);
  }
  const name = readString(error, 'name') ?? 'Error';
  const message = readString(error, 'message') ?? '';
  return {
    className: errorClassName(error, read(error, 'code').value),
    name,
    message,
    stack: readString(error, 'stack') ?? `${name}: ${message}`,
    properties,
    lost,
  };
}

function listSlot(values: readonly unknown[], slotOf: (value: unknown) => Slot): Slot {
  try {
    return { kind: 'list', items: Array.from(values, slotOf) };
  } catch {
    return { kind: 'lost', text: 'a list that cannot be read' };
  }
}

/** A copy is taken at once, so that getters and proxies inside the value run here and only once. */
function valueSlot(value: unknown): Slot {
  if (isNoValue(value)) return { kind: 'lost', text: 'the mark of a thread that is being ended' };
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') {
    return { kind: 'value', value };
  }
  if (value === null) return { kind: 'value', value };
  try {
    return { kind: 'value', value: structuredClone(value) };
  } catch {
    return { kind: 'lost', text: describe(value) };
  }
}

/**
 * Whether this is none of the language's values but a mark of the engine's own, which code may get to see as what was thrown
 * while its thread is ended from outside. To serialize one is a fatal error of the engine.
 */
function isNoValue(value: unknown): boolean {
  return typeof value === 'undefined' && value !== undefined;
}

function emptyError(record: ErrorRecord): Error {
  if (record.className === DOM_EXCEPTION) return new DOMException(record.message, record.name);
  const error = new Error(record.message);
  Object.setPrototypeOf(error, errorPrototype(record.className));
  return error;
}

function fill(error: Error, record: ErrorRecord, valueOf: (slot: Slot) => unknown): void {
  const define = (key: string | symbol, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  };
  define('stack', record.stack, false);
  if (error.name !== record.name) define('name', record.name, false);
  for (const [key, slot, enumerable] of record.properties) define(key, valueOf(slot), enumerable);
  if (record.lost.length > 0) define(LOST_PROPERTIES, [...record.lost], true);
}

function ownStringKeys(object: object): string[] {
  try {
    return Reflect.ownKeys(object).filter((key) => typeof key === 'string');
  } catch {
    return [];
  }
}

function isEnumerable(object: object, key: string): boolean {
  try {
    return Object.prototype.propertyIsEnumerable.call(object, key);
  } catch {
    return false;
  }
}

function read(object: object, key: string): { readonly ok: boolean; readonly value: unknown } {
  try {
    return { ok: true, value: Reflect.get(object, key) as unknown };
  } catch {
    return { ok: false, value: undefined };
  }
}

function readString(object: object, key: string): string | undefined {
  const { value } = read(object, key);
  if (typeof value === 'string') return value;
  if (value === undefined || key === 'stack') return undefined;
  return describe(value);
}

function describe(value: unknown): string {
  try {
    const text = inspect(value, { depth: 0, breakLength: Infinity });
    return text.length > 200 ? `${text.slice(0, 197)}...` : text;
  } catch {
    return `a ${typeof value} that cannot be shown`;
  }
}
