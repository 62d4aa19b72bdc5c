import { now } from '../../clock.js';
import {
  TreeEndStep,
  TreeScope,
  type NativeTreeEnds,
  type OnTreeEndOver,
} from '../../native/binding.js';
import { openNativeTreeEnds } from '../native-strategy.js';
import { signalNumber } from './signal-number.js';
import type { ProcessTree, TreeEnd, TreeEndPlan, TreeEndReport } from './tree-end.js';

/** The ends of this thread that the addon's killer thread sees to, by the ids that it has given them. */
const resolvers = new Map<number, (report: TreeEndReport) => void>();

/** Opened at first need; `null`: not to be had here. */
let opened: NativeTreeEnds | null | undefined;

/** The end of a tree by the addon's killer thread: on time also while the event loop is blocked. */
export class NativeTreeEnd implements TreeEnd {
  readonly report: Promise<TreeEndReport>;
  readonly #native: NativeTreeEnds;
  readonly #id: number;
  readonly #grace: number;

  private constructor(native: NativeTreeEnds, id: number, grace: number) {
    this.#native = native;
    this.#id = id;
    this.#grace = grace;
    this.report = new Promise((resolve) => resolvers.set(id, resolve));
  }

  /** `undefined`: there is no such thread here. */
  static plan(tree: ProcessTree, plan: TreeEndPlan): NativeTreeEnd | undefined {
    opened ??= openNativeTreeEnds(onOver) ?? null;
    if (opened === null) return undefined;
    const { deadline, grace, signal } = plan;
    const id = opened.plan(
      tree.pid,
      tree.mark ?? '',
      TreeScope[tree.scope],
      deadline,
      grace,
      signalNumber(signal),
      plan.once === true,
    );
    return id === 0 ? undefined : new NativeTreeEnd(opened, id, grace);
  }

  reschedule(deadline: number): void {
    this.#native.reschedule(this.#id, deadline);
  }

  begin(grace: number = this.#grace): void {
    this.#native.begin(this.#id, grace);
  }

  rootEnded(sweep: boolean): void {
    if (this.#native.rootEnded(this.#id, sweep)) resolve(this.#id, NOTHING_DONE);
  }
}

const NOTHING_DONE: Omit<TreeEndReport, 'endedAt'> = Object.freeze({
  step: 'none',
  root: 'none',
  signalled: [],
  survivors: [],
  startedAt: undefined,
});

const onOver: OnTreeEndOver = (id, step, root, startedAt, endedAt, signalled, survivors) => {
  resolve(id, {
    step: TreeEndStep[step] ?? 'none',
    root: TreeEndStep[root] ?? 'none',
    signalled,
    survivors,
    startedAt: startedAt === Infinity ? undefined : startedAt,
    endedAt,
  });
};

function resolve(id: number, report: Omit<TreeEndReport, 'endedAt'> & { endedAt?: number }): void {
  const take = resolvers.get(id);
  resolvers.delete(id);
  take?.({ endedAt: now(), ...report });
}
