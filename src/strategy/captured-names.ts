import vm from 'node:vm';
import { closureNames } from './captured-variables.js';
import { uninterrupted } from './uninterrupted.js';

type AnyFunction = (...args: never[]) => unknown;

/** A text with more different words is taken as it is: to look for what it captures would take long. */
const MAX_WORDS = 5_000;

const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu;

/** Words that no variable can be named. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);

/**
 * The variables that a function takes from around it: names that are free in its text, and that its own closures have.
 *
 * Both are the engine's own answers, so that shadowing, destructuring, property names, strings and comments need no parser
 * of ours. Globals pass, and so does a name that the text asks for by `typeof`. Nothing is found where the debugger
 * protocol is not at hand, or `eval` and `with` leave it open what a name means.
 *
 * @param text - the function's source.
 * @param prologue - what stands before the expression: a directive, or nothing.
 * @param expression - the text as an expression that stands alone.
 */
export function capturedNames(
  work: AnyFunction,
  text: string,
  prologue: string,
  expression: string,
): readonly string[] {
  const words = candidates(text);
  if (words.length === 0) return [];
  // A hard stop of what is around must not cut through the protocol's session.
  return uninterrupted(() => findCaptured(work, words, prologue, expression));
}

/** The words of a text that may be variables from around it. */
function candidates(text: string): readonly string[] {
  if (/\b(?:eval|with)\b/.test(text)) return [];
  const words = new Set(text.match(WORD));
  if (words.size > MAX_WORDS) return [];
  const guarded = new Set(
    Array.from(text.matchAll(/\btypeof[\s(]+([\p{ID_Continue}$]+)/gu), ([, word]) => word),
  );
  return [...words].filter(
    (word) => !RESERVED.has(word) && !guarded.has(word) && !(word in globalThis),
  );
}

function findCaptured(
  work: AnyFunction,
  words: readonly string[],
  prologue: string,
  expression: string,
): readonly string[] {
  const probe = makeProbe(words, prologue, expression);
  const [free, around] = probe === undefined ? [] : (closureNames([probe, work]) ?? []);
  if (free === undefined || around === undefined) return [];
  return words.filter((word) => free.has(word) && around.has(word));
}

/**
 * The same function inside another one that has all the words as its parameters. The engine keeps those of them that the
 * inner function uses. Neither of the two is called with anything, and the inner one not at all.
 */
function makeProbe(
  words: readonly string[],
  prologue: string,
  expression: string,
): AnyFunction | undefined {
  try {
    const source = `${prologue}(function (${words.join()}) { return ${expression}; })`;
    const make = new vm.Script(source).runInThisContext() as () => unknown;
    const made = make();
    if (typeof made === 'function') return made as AnyFunction;
    const [property] = Object.values(Object.getOwnPropertyDescriptors(made as object));
    return (property?.get ?? property?.set ?? property?.value) as AnyFunction | undefined;
  } catch {
    return undefined;
  }
}
