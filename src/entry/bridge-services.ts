import type { BridgeServiceName } from './bridge-messages.js';
import type { BridgeServe } from './bridge-service.js';

/** Loaded at the first call, so that a bridge has no more in memory than what it is used for. */
const LOADERS: Readonly<Record<BridgeServiceName, () => Promise<BridgeServe>>> = {
  process: async () => (await import('./bridge-process.js')).serveProcess,
  command: async () => (await import('./bridge-command.js')).serveCommand,
};

const loaded = new Map<BridgeServiceName, BridgeServe>();

/** The function that serves calls to `name`. */
export async function bridgeService(name: BridgeServiceName): Promise<BridgeServe> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const serve = await LOADERS[name]();
  loaded.set(name, serve);
  return serve;
}
