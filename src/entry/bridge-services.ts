import { serveCommand } from './bridge-command.js';
import type { BridgeServiceName } from './bridge-messages.js';
import { serveProcess } from './bridge-process.js';
import type { BridgeServe } from './bridge-service.js';

/** What serves the calls of a bridge, by name. */
export const BRIDGE_SERVICES: Readonly<Record<BridgeServiceName, BridgeServe>> = {
  process: serveProcess,
  command: serveCommand,
};
