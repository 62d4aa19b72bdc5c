import { environmentIncludes, listProcesses, readProcess } from './linux-processes.js';
import type { ProcessEntry } from './process-entry.js';
import type { ProcessTree } from './tree-end.js';
import { markInEnvironment } from './tree-mark.js';
import { sendSignal, type SendResult, type TreeMember, type TreeView } from './tree-view.js';

/**
 * Finds a tree in /proc: the root, the processes that were found before, those of a group or a session that one of them
 * leads, those that were started with the mark, and the descendants of all of these.
 */
export class LinuxTreeView implements TreeView {
  readonly hasSoftSignal = true;
  readonly losesOrphans: boolean;
  readonly #tree: ProcessTree;
  readonly #rootStartedAt: number | undefined;
  /** Whether the root's id is still taken by the root, alive or not reaped. */
  #hasRoot: boolean;
  /** When each process that was found was started. */
  readonly #found = new Map<number, number>();
  /** Groups and sessions that belong to the tree, as the processes that lead or led them. */
  readonly #led = new Map<number, number>();

  constructor(tree: ProcessTree) {
    this.#tree = tree;
    this.losesOrphans = tree.mark === undefined;
    const root = readProcess(tree.pid);
    this.#hasRoot = root !== undefined;
    this.#rootStartedAt = root?.startedAt;
    if (root !== undefined) this.#noteLeader(root);
  }

  forgetRoot(): void {
    this.#hasRoot = false;
  }

  scan(): readonly TreeMember[] {
    const members = this.#tree.scope === 'root' ? this.#rootAlone() : this.#descend();
    const found: TreeMember[] = [];
    let self: TreeMember | undefined;
    for (const { pid, parent, startedAt, isAlive } of members) {
      const isRoot = this.#hasRoot && pid === this.#tree.pid;
      this.#found.set(pid, startedAt);
      if (!isAlive || (isRoot && this.#tree.scope === 'descendants')) continue;
      const member = { pid, parent, isRoot };
      if (pid === process.pid) self = member;
      else found.push(member);
    }
    return self === undefined ? found : [...found, self];
  }

  send(member: TreeMember, signal: NodeJS.Signals | number): SendResult {
    const entry = readProcess(member.pid);
    if (entry?.startedAt !== this.#found.get(member.pid) || entry?.isAlive !== true) return 'gone';
    return sendSignal(member.pid, signal);
  }

  #rootAlone(): readonly ProcessEntry[] {
    const root = this.#hasRoot ? readProcess(this.#tree.pid) : undefined;
    return root !== undefined && root.startedAt === this.#rootStartedAt ? [root] : [];
  }

  #descend(): ReadonlySet<ProcessEntry> {
    const entries = listProcesses();
    const children = groupByParent(entries);
    this.#dropReusedIds(entries);
    const members = new Set<ProcessEntry>();
    let pending = entries.filter((entry) => this.#isKnown(entry) || this.#isMarked(entry));
    while (pending.length > 0) {
      for (const entry of pending) {
        members.add(entry);
        this.#noteLeader(entry);
      }
      const next = new Set<ProcessEntry>();
      for (const { pid } of pending) {
        for (const child of children.get(pid) ?? []) if (!members.has(child)) next.add(child);
      }
      // Whom a leader has just brought in.
      for (const entry of entries) if (!members.has(entry) && this.#isLed(entry)) next.add(entry);
      pending = [...next];
    }
    return members;
  }

  #isKnown(entry: ProcessEntry): boolean {
    return (
      (this.#hasRoot && entry.pid === this.#tree.pid && entry.startedAt === this.#rootStartedAt) ||
      this.#found.get(entry.pid) === entry.startedAt ||
      this.#isLed(entry)
    );
  }

  #isLed({ group, session }: ProcessEntry): boolean {
    return this.#led.has(session) || this.#led.has(group);
  }

  #isMarked({ pid, startedAt }: ProcessEntry): boolean {
    const { mark } = this.#tree;
    if (mark === undefined || startedAt < (this.#rootStartedAt ?? 0)) return false;
    return environmentIncludes(pid, markInEnvironment(mark));
  }

  #noteLeader({ pid, group, session, startedAt }: ProcessEntry): void {
    // The group of a foreign root that does not lead its session may hold its brothers: a shell's pipeline.
    const isForeignRoot = pid === this.#tree.pid && this.#tree.mark === undefined;
    if (session === pid || (group === pid && !isForeignRoot)) this.#led.set(pid, startedAt);
  }

  /** An id is not used again while its group or session has members; afterwards it may be. */
  #dropReusedIds(entries: readonly ProcessEntry[]): void {
    if (this.#led.size === 0) return;
    const inUse = new Set<number>();
    for (const { pid, group, session, startedAt } of entries) {
      inUse.add(group).add(session);
      const ledSince = this.#led.get(pid);
      if (ledSince !== undefined && ledSince !== startedAt) this.#led.delete(pid);
    }
    for (const id of this.#led.keys()) if (!inUse.has(id)) this.#led.delete(id);
  }
}

function groupByParent(entries: readonly ProcessEntry[]): Map<number, ProcessEntry[]> {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    const siblings = children.get(entry.parent);
    if (siblings === undefined) children.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  return children;
}
