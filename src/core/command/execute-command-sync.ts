import { CommandTimeoutError } from '../../errors/command-timeout-error.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import { commandLabel } from '../../strategy/command/command-failure.js';
import {
  BlockingCommand,
  commandStrategy,
  prepareBlockingCommands,
} from '../../strategy/command/command-strategy.js';
import { deadlineAround } from '../async-step.js';
import { execute } from '../execution.js';
import type { CallSite } from '../scope.js';
import type { PreparedCommand } from './execute-command.js';

/**
 * Runs a command to its end under its scope, while this thread blocks. The start of the thread that does it does not count
 * against the scope's timeout, but against its deadline and the scopes around it.
 */
export function executeCommandSync(
  { scope, request, work }: PreparedCommand,
  callSite: CallSite,
): unknown {
  if (scope.running) throw new InvalidStateError('The scope is running already');
  const { deadline, signal } = scope.settings;
  if (scope.timeout > 0 && signal?.aborted !== true) {
    prepareBlockingCommands(Math.min(deadlineAround(), deadline ?? Infinity));
  }
  const command = new BlockingCommand(request, work.capture, work.check);
  scope.outside = {
    strategy: 'process',
    get label() {
      return commandLabel(request);
    },
    makeError: (fields) => {
      const silence = { clock: 'idle', timeout: request.idleTimeout } as const;
      const all = command.isIdle ? { ...fields, ...silence } : fields;
      return new CommandTimeoutError(all, command.result(true));
    },
  };
  scope.addCleanup(() => {
    command.abandon();
  });
  return execute(scope, commandStrategy, command, undefined, callSite);
}
