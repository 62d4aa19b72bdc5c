import { plainRequest } from '#internal/core/isolated-sync-run.js';
import type { PoolLimits } from '#internal/core/pool/host-pool.js';
import type { CallRequest } from '#internal/core/pool/pool-call.js';
import type {
  AheadOwner,
  CallAhead,
  CallOutcome,
  Host,
  HostKind,
  HostOptions,
  RunningCall,
  TaskCall,
} from '#internal/strategy/isolation/host.js';

/** A call that asks for nothing but a task, which no fake host looks at. */
export const REQUEST: CallRequest = plainRequest({
  kind: 'module',
  url: 'file:///tasks.js',
  exportName: 'task',
});

/** Those of a pool that is limited in its size alone. */
export const UNLIMITED: Omit<PoolLimits, 'size'> = {
  minimum: 0,
  maxQueue: Infinity,
  tasksPerHost: Infinity,
  idleTimeout: Infinity,
};

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Omit<Deferred<T>, 'promise'>) };
}

/** What is asked of a call in a fake host while it runs. */
export interface FakeCall extends RunningCall {
  readonly call: TaskCall;
  readonly host: FakeHost;
  /** The hard deadlines of all calls of `stop`. */
  readonly stops: number[];
  readonly moves: { readonly deadline: number; readonly hardDeadline: number }[];
  /** Ends the call. */
  end(outcome: CallOutcome, isFree?: boolean): void;
  returns(value: unknown, endedAt?: number): void;
}

/** A call that was sent to a fake host ahead of its turn. */
export interface FakeAhead extends CallAhead {
  readonly call: TaskCall;
  readonly host: FakeHost;
  /** What has become of it, as its host knows it; its owner may not have heard of it. */
  state: 'sent' | 'begun' | 'taken back';
}

/** A host in this thread whose calls end when the test says so. */
export class FakeHost implements Host {
  readonly id: number;
  readonly options: HostOptions;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  isFree = false;
  isReferenced = false;
  /** How it was ended. */
  end: 'close' | 'terminate' | 'death' | undefined;
  running: FakeCall | undefined;
  #ahead: { readonly sent: FakeAhead; readonly owner: AheadOwner } | undefined;
  readonly #kind: FakeKind;
  readonly #becomeReady: () => void;
  readonly #fail: (error: unknown) => void;
  readonly #noteEnd: () => void;

  constructor(kind: FakeKind, id: number, options: HostOptions) {
    this.#kind = kind;
    this.id = id;
    this.options = options;
    const ready = deferred<undefined>();
    const ended = deferred<undefined>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    this.#becomeReady = () => {
      ready.resolve(undefined);
    };
    this.#fail = ready.reject;
    this.#noteEnd = () => {
      ended.resolve(undefined);
    };
  }

  becomeReady(): void {
    this.isFree = true;
    this.#becomeReady();
  }

  failToStart(error: unknown): void {
    this.#fail(error);
    this.#noteEnd();
  }

  run(call: TaskCall): RunningCall {
    if (!this.isFree) throw new Error('The host is not free');
    this.#kind.refuse?.(call);
    this.isFree = false;
    return this.#begin(call);
  }

  runAhead(call: TaskCall, owner: AheadOwner): CallAhead | undefined {
    if (!this.#kind.takesAhead || this.running === undefined) return undefined;
    if (this.#ahead?.sent.state === 'sent') return undefined;
    const sent: FakeAhead = {
      call,
      host: this,
      state: 'sent',
      takeBack: () => {
        if (sent.state === 'sent') sent.state = 'taken back';
        return sent.state === 'taken back';
      },
    };
    this.#ahead = { sent, owner };
    this.#kind.aheads.push(sent);
    return sent;
  }

  /** Ends what runs, and begins what was sent ahead. */
  goOn(value: unknown, startedAt: number = performance.now()): void {
    const { running } = this;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    running?.returns(value, startedAt);
    if (ahead === undefined || ahead.sent.state === 'taken back') return;
    ahead.sent.state = 'begun';
    this.isFree = false;
    ahead.owner.begun(this.#begin(ahead.sent.call), startedAt);
  }

  #begin(call: TaskCall): FakeCall {
    const { promise, resolve } = deferred<CallOutcome>();
    const running: FakeCall = {
      call,
      host: this,
      outcome: promise,
      stops: [],
      moves: [],
      stop: (hardDeadline) => {
        running.stops.push(hardDeadline);
        this.#kind.onStop?.(running, hardDeadline);
      },
      moveDeadlines: (deadline, hardDeadline) => {
        running.moves.push({ deadline, hardDeadline });
      },
      end: (outcome, isFree = true) => {
        this.isFree = isFree;
        this.running = undefined;
        resolve(outcome);
      },
      returns: (value, endedAt = performance.now()) => {
        running.end({ kind: 'returned', value, endedAt });
      },
    };
    this.running = running;
    this.#kind.calls.push(running);
    this.#kind.onCall?.(running);
    return running;
  }

  ref(): void {
    this.isReferenced = true;
  }

  unref(): void {
    this.isReferenced = false;
  }

  close(): Promise<void> {
    return this.#end('close');
  }

  terminate(): Promise<void> {
    return this.#end('terminate');
  }

  /** It ends by itself. */
  die(error: Error): void {
    this.#returnAhead();
    this.running?.end({ kind: 'died', error, endedAt: performance.now() }, false);
    void this.#end('death');
  }

  #returnAhead(): void {
    const ahead = this.#ahead;
    if (ahead?.sent.state === 'begun') return;
    this.#ahead = undefined;
    if (ahead?.sent.state !== 'sent') return;
    ahead.sent.takeBack();
    ahead.owner.returned();
  }

  #end(how: 'close' | 'terminate' | 'death'): Promise<void> {
    this.end ??= how;
    this.isFree = false;
    this.#returnAhead();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const died = { kind: 'died', error: new Error(how), endedAt: performance.now() } as const;
    this.running?.end(died, false);
    if (ahead !== undefined) {
      ahead.owner.begun(this.#begin(ahead.sent.call), died.endedAt);
      this.running?.end(died, false);
    }
    this.#noteEnd();
    return this.ended;
  }
}

/** Makes fake hosts; by default they are ready at once, and calls last until the test ends them. */
export class FakeKind implements HostKind {
  readonly strategy = 'worker';
  readonly hosts: FakeHost[] = [];
  readonly calls: FakeCall[] = [];
  readonly aheads: FakeAhead[] = [];
  isReadyAtOnce = true;
  /** Whether calls can be sent to a host that runs another one. */
  takesAhead = false;
  onCall: ((call: FakeCall) => void) | undefined;
  onStop: ((call: FakeCall, hardDeadline: number) => void) | undefined;
  /** Throws for a call that cannot be sent. */
  refuse: ((call: TaskCall) => void) | undefined;

  start(options: HostOptions): FakeHost {
    const host = new FakeHost(this, this.hosts.length + 1, options);
    this.hosts.push(host);
    if (this.isReadyAtOnce) host.becomeReady();
    return host;
  }

  host(index: number): FakeHost {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`No host ${String(index)}`);
    return host;
  }

  ahead(index: number): FakeAhead {
    const ahead = this.aheads[index];
    if (ahead === undefined) throw new Error(`No call ${String(index)} was sent ahead`);
    return ahead;
  }

  call(index: number): FakeCall {
    const call = this.calls[index];
    if (call === undefined) throw new Error(`No call ${String(index)}`);
    return call;
  }
}
