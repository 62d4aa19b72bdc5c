import test, { type ExecutionContext } from 'ava';
import { runSync } from 'hardstop';

/** The strategies that stop a closure in its own thread. */
export type InThreadStrategy = 'native' | 'vm';

/**
 * Registers one test for each in-thread strategy that works here, so that each rule is proved on all of them.
 *
 * @param title - a sentence of the contract; the name of the strategy is added to it.
 */
export function testEachStrategy(
  title: string,
  implementation: (t: ExecutionContext, strategy: InThreadStrategy) => void | Promise<void>,
): void {
  for (const strategy of strategies()) {
    test(`${title} [${strategy}]`, (t) => implementation(t, strategy));
  }
}

/**
 * The stages of a stop by force: a machine that gives the thread no core for long looks like one that is stuck in a
 * built-in, which is terminated.
 */
export function stageOfForce(strategy: InThreadStrategy): RegExp {
  return strategy === 'native' ? /^(?:interrupt|terminate)$/ : /^terminate$/;
}

/** The in-thread strategies that work in this process. */
export function strategies(): readonly InThreadStrategy[] {
  return nativeIsExpected() || works('native') ? ['native', 'vm'] : ['vm'];
}

/** Where the addon must load, a broken one has to fail tests, not to leave them out. */
function nativeIsExpected(): boolean {
  const hasPrebuild = process.platform === 'linux' && process.arch === 'x64';
  return hasPrebuild && process.env.HARDSTOP_DISABLE_NATIVE !== '1';
}

function works(strategy: InThreadStrategy): boolean {
  try {
    return runSync(() => true, { timeout: Infinity, strategy });
  } catch {
    return false;
  }
}
