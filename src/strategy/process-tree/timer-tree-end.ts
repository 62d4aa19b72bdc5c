import { AsyncResource } from 'node:async_hooks';
import { constants } from 'node:os';
import * as timers from 'node:timers';
import { now } from '../../clock.js';
import { signalNumber } from './signal-number.js';
import type { TreeEnd, TreeEndPlan, TreeEndReport } from './tree-end.js';
import type { TreeMember, TreeView } from './tree-view.js';

// As they are when this module is loaded, so that fake timers cannot keep a tree alive.
const { setTimeout: startTimer, clearTimeout: stopTimer } = timers;
// Timers are started in here, so that they keep nobody's asynchronous context.
const nobody = new AsyncResource('hardstop');

const LONGEST_DELAY = 2 ** 31 - 1;
/** Between two looks at what has been sent a signal, ms: they become rarer. */
const SHORTEST_WAIT = 1;
const LONGEST_WAIT = 20;
/** Looks take at most this part of the thread's time, until force is used. */
const SHARE_OF_LOOKING = 1 / 5;
/** A tree that grows while it is being stopped is stopped again, so often. */
const MOST_FREEZES = 10;
/** What lives this long after SIGKILL, ms, is stuck in the kernel. */
const GIVE_UP_AFTER = 2000;

type Phase = 'planned' | 'soft' | 'hard' | 'over';

/** The end of a tree by the timers of this thread's event loop: late while that is blocked. */
export class TimerTreeEnd implements TreeEnd {
  readonly report: Promise<TreeEndReport>;
  readonly #view: TreeView;
  readonly #plan: TreeEndPlan;
  readonly #signalled = new Set<number>();
  readonly #refused = new Set<number>();
  #resolve!: (report: TreeEndReport) => void;
  #phase: Phase = 'planned';
  #timer: NodeJS.Timeout | undefined;
  #dueAt: number;
  /** When SIGKILL is sent; once that has begun, when it did. */
  #hardAt = Infinity;
  #wait = SHORTEST_WAIT;
  #looks = 0;
  /** Scans in a row that have found nobody. */
  #emptyScans = 0;
  #startedAt: number | undefined;
  #lastStep: TreeEndReport['step'] = 'none';
  #root: TreeEndReport['root'] = 'none';

  constructor(view: TreeView, plan: TreeEndPlan) {
    this.#view = view;
    this.#plan = plan;
    this.#dueAt = plan.deadline;
    this.report = new Promise((resolve) => (this.#resolve = resolve));
    this.#arm();
  }

  reschedule(deadline: number): void {
    if (this.#phase !== 'planned') return;
    this.#dueAt = deadline;
    this.#arm();
  }

  begin(grace: number = this.#plan.grace): void {
    if (this.#phase === 'over' || this.#phase === 'hard') return;
    const hardAt = now() + grace;
    if (this.#phase === 'planned') this.#start(hardAt);
    else this.#hardAt = Math.min(this.#hardAt, hardAt);
    this.#step();
  }

  rootEnded(sweep: boolean): void {
    this.#view.forgetRoot();
    if (this.#phase !== 'planned') {
      // It need not be waited for until the next look.
      this.#dueAt = now();
      if (this.#phase !== 'over') this.#arm();
    } else if (sweep) {
      this.begin();
    } else {
      this.#finish([]);
    }
  }

  #arm(): void {
    stopTimer(this.#timer);
    this.#timer = undefined;
    if (this.#dueAt === Infinity) return;
    const delay = Math.min(Math.max(Math.ceil(this.#dueAt - now()), 0), LONGEST_DELAY);
    this.#timer = nobody.runInAsyncScope(startTimer, undefined, this.#onTimer, delay);
    // What is to be ended keeps the process alive, or need not be waited for.
    if (this.#phase === 'planned') this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    const at = now();
    if (at < this.#dueAt) this.#arm();
    else if (this.#phase === 'planned') this.#strike(at);
    else this.#step();
  };

  #strike(at: number): void {
    this.#start(at + this.#plan.grace);
    this.#step();
  }

  #start(hardAt: number): void {
    this.#phase = 'soft';
    const isForce = isKill(this.#plan.signal) && this.#plan.once !== true;
    this.#hardAt = isForce ? -Infinity : hardAt;
  }

  /** Looks who is there, signals whoever is to be signalled, and says when to look again. */
  #step(): void {
    const begun = now();
    if (this.#phase === 'soft' && begun >= this.#hardAt) {
      this.#phase = 'hard';
      this.#hardAt = begun;
    }
    const live = this.#lookAround();
    if (live === undefined) {
      // It says nothing about who is left.
      if (this.#phase === 'hard' && now() >= this.#hardAt + GIVE_UP_AFTER) this.#finish([]);
      else this.#lookAgain(begun);
      return;
    }
    if (this.#phase === 'hard') this.#kill(live);
    else if (this.#view.hasSoftSignal) this.#ask(live);
    const left = live.filter(({ pid }) => !this.#refused.has(pid));
    this.#emptyScans = left.length === 0 ? this.#emptyScans + 1 : 0;
    const isStuck = this.#phase === 'hard' && now() >= this.#hardAt + GIVE_UP_AFTER;
    // A second look is for those that were started while the signals were sent.
    const isDone = this.#plan.once === true && (this.#looks += 1) >= 2;
    if (isDone) this.#finish(live.filter(({ pid }) => this.#refused.has(pid)));
    else if (this.#emptyScans >= 2 || isStuck) this.#finish(live);
    else this.#lookAgain(begun);
  }

  /** `undefined`: it cannot be seen just now who is there, as when no descriptors are left. */
  #lookAround(): readonly TreeMember[] | undefined {
    const isFirst = this.#phase === 'hard' && this.#lastStep !== 'hard';
    try {
      return isFirst && this.#view.losesOrphans ? this.#freeze() : this.#view.scan();
    } catch {
      return undefined;
    }
  }

  #lookAgain(begun: number): void {
    const at = now();
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    const wait = this.#emptyScans > 0 ? SHORTEST_WAIT : this.#wait;
    const isSoft = this.#phase === 'soft';
    const next = at + Math.max(wait, isSoft ? (at - begun) / SHARE_OF_LOOKING : 0);
    this.#dueAt = isSoft ? Math.min(next, this.#hardAt) : next;
    this.#arm();
  }

  #ask(live: readonly TreeMember[]): void {
    const { signal } = this.#plan;
    const asked = new Set(live.map(({ pid }) => pid).filter((pid) => this.#signalled.has(pid)));
    for (const member of live) {
      // What a process starts that was asked to end, it starts to end well.
      if (this.#signalled.has(member.pid) || asked.has(member.parent)) continue;
      if (this.#send(member, signal, 'soft')) {
        if (wakes(signal) && this.#plan.once !== true) this.#view.send(member, 'SIGCONT');
      }
    }
  }

  /** Stops all members, so that none loses its parent before it is known, and returns them. */
  #freeze(): readonly TreeMember[] {
    const frozen = new Set<number>();
    let live = this.#view.scan();
    for (let round = 0; round < MOST_FREEZES; round += 1) {
      const others = live.filter(({ pid }) => pid !== process.pid && !frozen.has(pid));
      if (others.length === 0) break;
      for (const member of others) {
        frozen.add(member.pid);
        this.#view.send(member, 'SIGSTOP');
      }
      live = this.#view.scan();
    }
    return live;
  }

  #kill(live: readonly TreeMember[]): void {
    this.#wait = Math.min(this.#wait, 4);
    for (const member of live) this.#send(member, 'SIGKILL', 'hard');
  }

  #send(member: TreeMember, signal: NodeJS.Signals | number, step: 'soft' | 'hard'): boolean {
    if (this.#refused.has(member.pid)) return false;
    const at = now();
    const result = this.#view.send(member, signal);
    if (result === 'refused') this.#refused.add(member.pid);
    if (result !== 'sent') return false;
    this.#startedAt ??= at;
    this.#signalled.add(member.pid);
    this.#lastStep = step;
    if (member.isRoot) this.#root = step;
    return true;
  }

  #finish(live: readonly TreeMember[]): void {
    this.#phase = 'over';
    stopTimer(this.#timer);
    this.#resolve({
      step: this.#lastStep,
      root: this.#root,
      signalled: [...this.#signalled],
      survivors: live.map(({ pid }) => pid),
      startedAt: this.#startedAt,
      endedAt: now(),
    });
  }
}

function isKill(signal: NodeJS.Signals | number): boolean {
  return signalNumber(signal) === constants.signals.SIGKILL;
}

/** Whether a process that is stopped has to be woken to take it. */
function wakes(signal: NodeJS.Signals | number): boolean {
  const { SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU } = constants.signals;
  return ![SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU].includes(signalNumber(signal));
}
