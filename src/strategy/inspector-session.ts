import type { Session } from 'node:inspector';

/** Sends one command of the debugger protocol to this thread's engine and hands its answer back. Throws if refused. */
export type Post = (method: string, parameters?: object) => unknown;

interface Permission {
  has(scope: string): boolean;
}

/**
 * Whether this thread can talk to its own engine over the debugger protocol: not in a Node built without it, nor under
 * the permission model unless it is allowed there. No port is opened and no debugger has to be there.
 *
 * The first call loads Node's module for it, 1 to 2 ms. Call it before a deadline is armed: a module whose loading is
 * cut off by a hard stop stays half loaded.
 */
export function inspectorIsAvailable(): boolean {
  SessionClass ??= loadSessionClass();
  return SessionClass !== 'none';
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
 * next function entry or loop turn. The caller has made sure that a frame below is ready to end it. Does not throw; may
 * do nothing when the engine refuses, so ask again.
 */
export function requestTermination(): void {
  try {
    terminating ??= openSession();
    if (tryPost(terminating, 'Runtime.terminateExecution')) return;
    // The engine takes one such request until the stack has been empty, or until an evaluation of the protocol's own
    // was terminated: so have one terminated, which answers with an error.
    tryPost(terminating, 'Runtime.evaluate', { expression: SLEEP, timeout: 0 });
    tryPost(terminating, 'Runtime.terminateExecution');
  } catch {
    // No session to be had.
  }
}

/** Closes what {@link requestTermination} had to leave open; for the frame that has ended the termination. */
export function closeTerminatingSession(): void {
  if (terminating === undefined) return;
  const session = terminating;
  terminating = undefined;
  session.disconnect();
}

/** Leaves the processor to the thread of the engine's that is to terminate it. */
const SLEEP = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)';

let SessionClass: (new () => Session) | 'none' | undefined;
let terminating: Session | undefined;

function loadSessionClass(): (new () => Session) | 'none' {
  const { permission } = process as { permission?: Permission };
  try {
    if (!process.features.inspector || permission?.has('inspector') === false) return 'none';
    const { Session: Class } = process.getBuiltinModule('node:inspector');
    return typeof Class === 'function' ? Class : 'none';
  } catch {
    return 'none';
  }
}

function openSession(): Session {
  if (!inspectorIsAvailable()) throw new Error('The debugger protocol is not at hand');
  const session = new (SessionClass as new () => Session)();
  session.connect();
  return session;
}

function tryPost(session: Session, method: string, parameters?: object): boolean {
  try {
    postTo(session, method, parameters);
    return true;
  } catch {
    return false;
  }
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
