import { InvalidStateError } from '../errors/invalid-state-error.js';
import { innermostScope } from './current-scope.js';
import { asyncScope } from './async-storage.js';
import type { Scope } from './scope.js';

/** Whether the running code was left behind by an earlier run of the scope: it cannot be around itself. */
export function isInsideItself(scope: Scope): boolean {
  let around = innermostScope() ?? asyncScope();
  while (around !== undefined && around !== scope) around = around.enclosing;
  return around === scope;
}

/** What such code is refused with, as everything is that it starts. */
export function refusalInside(scope: Scope): Error {
  return (
    scope.error ?? new InvalidStateError('Work of an earlier run of the scope cannot run it again')
  );
}
