/** A process of a tree, found alive. */
export interface TreeMember {
  readonly pid: number;
  readonly parent: number;
  readonly isRoot: boolean;
}

/** What became of a signal: `'gone'`, there was no such process any more; `'refused'`, not permitted. */
export type SendResult = 'sent' | 'gone' | 'refused';

/** A process tree as one system shows it. */
export interface TreeView {
  /** The members that live now, this process (if it is one) last. Never throws. */
  scan(): readonly TreeMember[];
  /** Whether descendants that lose their parents are not found any more. */
  readonly losesOrphans: boolean;
  /** Signals the process that was found, and none that has its id by now. */
  send(member: TreeMember, signal: NodeJS.Signals | number): SendResult;
  /** Whether there is a signal that asks a process to end, and lets it. */
  readonly hasSoftSignal: boolean;
  /** The root was reaped, or is about to be: its id says nothing any more. */
  forgetRoot(): void;
}

/** Sends a signal by process id, or group id if negative. */
export function sendSignal(pid: number, signal: NodeJS.Signals | number): SendResult {
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'refused';
  }
}
