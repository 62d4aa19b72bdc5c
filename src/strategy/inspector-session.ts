import type { Session } from 'node:inspector';

/** Sends one command of the debugger protocol to this thread's engine and hands its answer back. Throws if refused. */
export type Post = (method: string, parameters?: object) => unknown;

interface Permission {
  has(scope: string): boolean;
}

/**
 * Whether this thread can talk to its own engine over the debugger protocol: not in a Node built without it, nor under
 * the permission model unless it is allowed there. No port is opened and no debugger has to be there.
 */
export function inspectorIsAvailable(): boolean {
  available ??= findOut();
  return available;
}

/** Opens a session for the time of one call. */
export function withInspector<T>(use: (post: Post) => T): T {
  const session = openSession();
  try {
    return use((method, parameters) => postTo(session, method, parameters));
  } finally {
    session.disconnect();
  }
}

/**
 * Requests the termination of the JavaScript that runs in this thread, as the watchdog of `node:vm` does; taken at the
 * next function entry or loop turn. The caller has made sure that a frame below is ready to end it.
 */
export function requestTermination(): void {
  terminating ??= openSession();
  try {
    postTo(terminating, 'Runtime.terminateExecution');
  } catch {
    // The engine takes one such request per turn of the event loop, until the stack is empty or an evaluation of the
    // protocol's own was terminated: so have one terminated.
    postTo(terminating, 'Runtime.evaluate', { expression: 'for (;;);', timeout: 1 });
    postTo(terminating, 'Runtime.terminateExecution');
  }
}

/** Closes what {@link requestTermination} had to leave open; for the frame that has ended the termination. */
export function closeTerminatingSession(): void {
  if (terminating === undefined) return;
  const session = terminating;
  terminating = undefined;
  session.disconnect();
}

let available: boolean | undefined;
let terminating: Session | undefined;

function findOut(): boolean {
  const permission = (process as { permission?: Permission }).permission;
  try {
    return process.features.inspector && (permission === undefined || permission.has('inspector'));
  } catch {
    return false;
  }
}

// Loaded at the first need only: it costs 1 to 2 ms.
function openSession(): Session {
  const inspector = process.getBuiltinModule('node:inspector');
  const session = new inspector.Session();
  session.connect();
  return session;
}

function postTo(session: Session, method: string, parameters?: object): unknown {
  const outcome: { failure?: Error; answer?: unknown } = {};
  // Commands of a thread to itself are answered before post() returns; a termination only later on.
  session.post(method, parameters, (error: Error | null, answer?: unknown) => {
    if (error === null) outcome.answer = answer;
    else outcome.failure = error;
  });
  if (outcome.failure !== undefined) throw outcome.failure;
  return outcome.answer;
}
