import { types } from 'node:util';
import vm from 'node:vm';
import type { SourceTask } from '../entry/worker-messages.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { BoundedMap } from './bounded-map.js';
import { capturedNames } from './captured-names.js';

type AnyFunction = (...args: never[]) => unknown;

/** What was found for each function; its source cannot change. */
const known = new WeakMap<AnyFunction, SourceTask>();

/** The same by text, strict or not: code that is run again and again makes a new function each time. */
const knownTexts = new BoundedMap<string, SourceTask>(500);

/**
 * The source of a function in a form that another thread can evaluate.
 *
 * @throws NotTransferableError for a function without source (built in, bound, a proxy), a class, a generator function, and
 *   one that uses variables from around it, as far as that can be found out
 */
export function functionSource(work: AnyFunction): SourceTask {
  const found = known.get(work);
  if (found !== undefined) return found;
  const source = readSource(work);
  known.set(work, source);
  return source;
}

function readSource(work: AnyFunction): SourceTask {
  const name = functionName(work);
  const shown = name === '' ? 'an anonymous function' : `\`${name}\``;
  const refuse = (why: string): NotTransferableError =>
    new NotTransferableError(`The task ${shown} cannot be sent to another thread: ${why}`);

  if (types.isProxy(work)) throw refuse('it is a proxy, which has no source');
  const text = Function.prototype.toString.call(work);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw refuse('it is built in or bound, and its source cannot be read');
  }
  // `class(){}` is a method of that name.
  if (/^class(?!\s*\()/.test(text)) throw refuse('it is a class, which cannot be called');
  if (types.isGeneratorFunction(work)) {
    throw refuse('it is a generator function, whose steps would stay in the other thread');
  }
  const allPrologues = prologues(work);
  const key = `${String(allPrologues[0])}${text}`;
  const found = knownTexts.get(key);
  if (found !== undefined) return found;
  for (const prologue of allPrologues) {
    for (const { expression, form } of expressions(text)) {
      const program = `${prologue}${expression}`;
      if (!compiles(program)) continue;
      const captured = capturedNames(work, text, prologue, expression);
      if (captured.length > 0) throw refuse(explainCaptured(captured));
      const source: SourceTask = { kind: 'source', program, form };
      knownTexts.set(key, source);
      return source;
    }
  }
  throw refuse('its source does not stand alone');
}

function explainCaptured(names: readonly string[]): string {
  const shown = names.map((name) => `\`${name}\``).join(', ');
  return (
    `it uses ${shown} from around it, which is not there. Pass what it needs as \`args\`, or export the function from a ` +
    'module and name it by `task(import.meta.url, exportName)`'
  );
}

/** The ways in which a function's text can stand as an expression: by itself, or as the only member of an object. */
function* expressions(text: string): Generator<{ expression: string; form: SourceTask['form'] }> {
  yield { expression: `(${text}\n)`, form: 'function' };
  for (const source of methodSources(text)) {
    yield { expression: `({${source}\n})`, form: 'member' };
  }
}

/**
 * The function is to be strict code there if it is here. Only sloppy functions let their `arguments` be read. Arrow
 * functions and methods never do: they are taken for strict code, as all code of modules and classes is, unless they
 * do not compile as such.
 */
function prologues(work: AnyFunction): readonly string[] {
  try {
    Reflect.get(work, 'arguments');
    return [''];
  } catch {
    return ["'use strict';", ''];
  }
}

/** A method's source, with a private or computed name, which mean nothing elsewhere, replaced. */
function* methodSources(text: string): Generator<string> {
  const prefix = /^(?:async|get|set)?\s*(?=[#[])/.exec(text)?.[0];
  if (prefix === undefined) {
    yield text;
    return;
  }
  const rest = text.slice(prefix.length);
  if (rest.startsWith('#')) {
    yield `${prefix} ${rest.slice(1)}`;
    return;
  }
  // Which bracket ends the name is for the parser to say: the first one behind which the source makes sense.
  for (let end = rest.indexOf(']'); end !== -1; end = rest.indexOf(']', end + 1)) {
    if (/^\s*\(/.test(rest.slice(end + 1))) yield `${prefix} computed${rest.slice(end + 1)}`;
  }
}

function compiles(source: string): boolean {
  try {
    new vm.Script(source);
    return true;
  } catch {
    return false;
  }
}

function functionName(work: AnyFunction): string {
  try {
    const name: unknown = work.name;
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}
