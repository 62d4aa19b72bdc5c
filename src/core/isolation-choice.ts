import { isTaskReference } from '../strategy/task-reference.js';
import type { Scope } from './scope.js';

/** Where synchronous work is to be done if not in this thread: its scope asks for that, or it can only be loaded there. */
export function isolationOf({ settings }: Scope, work: unknown): 'worker' | 'process' | undefined {
  const { strategy } = settings;
  if (strategy === 'worker' || strategy === 'process') return strategy;
  return isTaskReference(work) ? 'worker' : undefined;
}
