import type { ResourceLimits } from 'node:worker_threads';
import { inheritedFlags } from '../inherited-flags.js';

/** Flags that are for this one process: its debugger's port, its program on the command line, its way to run. */
const OWN_FLAGS =
  /^--?(?:inspect|debug|eval|print|interactive|check|test|watch|run|build-snapshot|prof-process|build-sea)(?:[-=]|$)|^-(?:[eipc]|pe|ep)$/;

/** Those of them whose value is the next argument. */
const WITH_VALUE =
  /^(?:--eval|--print|-[ep]|-pe|-ep|--inspect-port|--debug-port|--inspect-publish-uid|--run|--watch-path|--build-sea|--test-reporter|--test-reporter-destination|--test-name-pattern|--test-skip-pattern|--test-shard)$/;

/** The flags of Node, and its environment, for a process that is to load modules as this one does. */
export function processFlags(limits: ResourceLimits | undefined): {
  readonly execArgv: string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const { execArgv = process.execArgv, env = process.env } = inheritedFlags();
  return {
    execArgv: [...withoutOwnFlags(execArgv), ...limitFlags(limits)],
    env: env as NodeJS.ProcessEnv,
  };
}

function withoutOwnFlags(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < execArgv.length; index++) {
    const flag = execArgv[index] as string;
    if (!OWN_FLAGS.test(flag)) kept.push(flag);
    else if (WITH_VALUE.test(flag)) index++;
  }
  return kept;
}

/** The engine's flags for a process that say what `resourceLimits` says for a worker. */
function limitFlags(limits: ResourceLimits | undefined): string[] {
  const flags: string[] = [];
  const add = (flag: string, value: number | undefined): void => {
    if (value !== undefined) flags.push(`--${flag}=${String(Math.max(1, Math.ceil(value)))}`);
  };
  add('max-old-space-size', limits?.maxOldGenerationSizeMb);
  add('max-semi-space-size', limits?.maxYoungGenerationSizeMb);
  return flags;
}
