/** One thing that blocks a thread, and the limit that it is given. */
export interface DemoCase {
  readonly title: string;
  /** What runs, in a few words. */
  readonly subject: string;
  readonly timeoutMs: number;
  /** Builds what the work needs; not part of the time. Returns the work, or why it cannot run here. */
  readonly prepare: () => PreparedWork | string;
  /** What the reader should know about the outcome. */
  readonly remark?: string;
}

/** Work that is ready to run under its limit. */
export interface PreparedWork {
  readonly work: () => unknown;
  /** Gives back what `prepare` took. */
  readonly release?: () => void;
}
