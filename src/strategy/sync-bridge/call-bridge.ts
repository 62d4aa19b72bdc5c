import type { BridgeServiceName } from '../../entry/bridge-messages.js';
import { startBridgeCall } from './bridge-call.js';

/** What {@link callBridge} returns when there was no answer in time. Compared by identity. */
export const BRIDGE_EXPIRED: unique symbol = Symbol('hardstop.bridgeExpired');

/** How a call waits for its answer. */
export interface BridgeWaitOptions {
  /** Until when, `performance.now()` scale. */
  readonly until: number;
  /** Called in this thread with what the service emits meanwhile. */
  readonly onEvent?: ((event: unknown) => void) | undefined;
}

/** Makes a call in the bridge and blocks until it is answered; after `until` it is given up. */
export function callBridge(
  service: BridgeServiceName,
  request: unknown,
  { until, onEvent }: BridgeWaitOptions,
): unknown {
  const call = startBridgeCall(service, request);
  try {
    return call.wait(until, onEvent) === 'answered' ? call.take() : BRIDGE_EXPIRED;
  } finally {
    call.abandon();
  }
}
