import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { TimeoutError } from '../errors/timeout-error.js';

/** What is published on the channel `hardstop:timeout`, once for each timeout. */
export interface TimeoutMessage {
  readonly error: TimeoutError;
  /** The scope whose deadline struck. */
  readonly scope: unknown;
  /** The scope's label. */
  readonly name: string | undefined;
}

const timeoutChannel = channel('hardstop:timeout');
const log = debuglog('hardstop');

/** Tells subscribers and, under `NODE_DEBUG=hardstop`, standard error of one timeout. */
export function reportTimeout(error: TimeoutError, name: string | undefined): void {
  if (timeoutChannel.hasSubscribers) {
    const message: TimeoutMessage = { error, scope: error.scope, name };
    timeoutChannel.publish(message);
  }
  if (log.enabled) {
    log(
      '%s (elapsed %s ms, strategy %s, stage %s, stopped %s)',
      error.message,
      error.elapsed.toFixed(3),
      error.strategy,
      error.stage,
      String(error.stopped),
    );
  }
}
