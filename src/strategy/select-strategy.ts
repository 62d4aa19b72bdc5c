import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { loadLatePart } from './late-part.js';
import { nativeRefusal, nativeStrategy } from './native-strategy.js';
import type { InThreadWork, Strategy, StrategyName } from './strategy.js';
import { vmStrategy } from './vm-strategy.js';

/** A strategy for a closure, and why it was this one. */
export interface Selection {
  readonly strategy: Strategy<InThreadWork, unknown>;
  readonly reason: string;
}

/** What `'auto'` takes for a closure that has no other limit than its timeout. */
export const automaticStrategy: Strategy<InThreadWork, unknown> =
  nativeRefusal === undefined ? nativeStrategy : vmStrategy;

/**
 * Chooses how a closure in this thread is stopped; the only chooser.
 *
 * @param name what was asked for
 * @param limitsCpu whether a CPU limit has to be kept, which only the native strategy can
 * @throws StrategyUnavailableError when a strategy that was asked for by name, or everything that could keep the limits,
 *   is not there
 */
export function selectStrategy(
  name: 'auto' | 'native' | 'vm' | 'worker' | 'process',
  limitsCpu: boolean,
): Selection {
  switch (name) {
    case 'auto':
      if (nativeRefusal === undefined) {
        return { strategy: nativeStrategy, reason: 'the addon is loaded' };
      }
      if (limitsCpu) throw unavailable(nativeRefusal, ', which `cpuTimeout` needs,');
      return {
        strategy: vmStrategy,
        reason: `node:vm, because the native strategy is not there: ${nativeRefusal.message}`,
      };
    case 'native':
      if (nativeRefusal === undefined) {
        return { strategy: nativeStrategy, reason: 'asked for by name' };
      }
      throw unavailable(nativeRefusal);
    case 'vm':
      if (limitsCpu) {
        throw new StrategyUnavailableError('vm', 'The vm strategy cannot keep a `cpuTimeout`');
      }
      loadLatePart();
      return { strategy: vmStrategy, reason: 'asked for by name' };
    case 'worker':
      throw new StrategyUnavailableError(
        'worker',
        'The worker strategy runs tasks, not closures of this thread',
      );
    case 'process':
      throw new StrategyUnavailableError(
        'process',
        'The process strategy cannot run a closure of this thread',
      );
  }
}

/**
 * Throws unless the deadline of a running scope can be changed: only the native strategy's can, the others hand theirs
 * over to Node when the run starts.
 *
 * @param change what was asked for, as in "cannot move a running deadline"
 */
export function refuseLiveChange(
  strategy: { readonly name: StrategyName } | undefined,
  change: string,
): void {
  if (strategy === undefined || strategy.name === 'native') return;
  if (strategy.name === 'cooperative') return;
  throw new StrategyUnavailableError(
    strategy.name,
    `The ${strategy.name} strategy cannot ${change}; the native strategy can`,
    nativeRefusal === undefined ? undefined : { cause: nativeRefusal },
  );
}

function unavailable(cause: Error, purpose = ''): StrategyUnavailableError {
  return new StrategyUnavailableError(
    'native',
    `The native strategy${purpose} is not there: ${cause.message}`,
    { cause },
  );
}
