// Compiled, never run: what the types of the public functions promise. `any` anywhere would make an `Equal` false.
/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/consistent-type-imports -- values are there for their types only */
import {
  asyncRaise,
  capabilities,
  createPool,
  currentScope,
  deadlineHeaders,
  InvalidOptionError,
  isTimeoutError,
  run,
  runInProcess,
  runInProcessSync,
  runInWorker,
  runInWorkerSync,
  runSync,
  scopeFromHeaders,
  sendMessage,
  statistics,
  task,
  Timeout,
  timeoutable,
  wait,
  withTimeout,
  type Capabilities,
  type DeadlineHeaders,
  type MapResult,
  type Statistics,
  type TimeoutError,
  type TimeoutState,
} from 'hardstop';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
declare function assertType<_ extends true>(): void;

export function runSyncReturnsTheTypeOfTheWork(): void {
  const plain = runSync(() => 'text', 50);
  assertType<Equal<typeof plain, string>>();
  const options = runSync(() => 'text', { timeout: 50, name: 'parse' });
  assertType<Equal<typeof options, string>>();
  const nothing = runSync(() => {}, 50);
  assertType<Equal<typeof nothing, void>>();
  const none = runSync(() => 'text', undefined);
  assertType<Equal<typeof none, string>>();
}

export function aDefaultAddsItsType(): void {
  const number = runSync(() => 'text', { timeout: 50, default: 1 });
  assertType<Equal<typeof number, string | number>>();
  const missing = runSync(() => 'text', { timeout: 50, default: undefined });
  assertType<Equal<typeof missing, string | undefined>>();
  const same = runSync(() => 'text', { timeout: 50, default: 'other' });
  assertType<Equal<typeof same, string>>();
}

export function errorFalseAddsUndefined(): void {
  const value = runSync(() => 'text', { timeout: 50, error: false });
  assertType<Equal<typeof value, string | undefined>>();
  const thrown = runSync(() => 'text', { timeout: 50, error: 'too slow' });
  assertType<Equal<typeof thrown, string>>();
}

export function theWorkGetsItsScope(): void {
  runSync((scope) => {
    assertType<Equal<typeof scope, Timeout>>();
  }, 50);
  class Named extends Timeout {
    readonly label: string = 'mine';
  }
  const label = new Named(50).runSync((scope) => scope.label);
  assertType<Equal<typeof label, string>>();
}

export function runReturnsAPromiseOfTheTypeOfTheWork(): void {
  const asynchronous = run(async () => 'text', 50);
  assertType<Equal<typeof asynchronous, Promise<string>>>();
  const synchronous = run(() => 'text', { timeout: 50, name: 'parse' });
  assertType<Equal<typeof synchronous, Promise<string>>>();
  const thenable = run((): PromiseLike<number> => Promise.resolve(1));
  assertType<Equal<typeof thenable, Promise<number>>>();
  const coroutine = run(function* () {
    yield Promise.resolve(1);
    return 'text';
  }, null);
  assertType<Equal<typeof coroutine, Promise<string>>>();
  const nothing = run(async () => {}, undefined);
  assertType<Equal<typeof nothing, Promise<void>>>();
}

export function aDefaultAddsItsTypeToAPromise(): void {
  const number = run(async () => 'text', { timeout: 50, default: 1 });
  assertType<Equal<typeof number, Promise<string | number>>>();
  const missing = run(() => 'text', { timeout: 50, default: undefined });
  assertType<Equal<typeof missing, Promise<string | undefined>>>();
  const coroutine = run(
    function* () {
      yield Promise.resolve(1);
      return 'text';
    },
    { timeout: 50, default: null },
  );
  assertType<Equal<typeof coroutine, Promise<string | null>>>();
  const silent = run(async () => 'text', { timeout: 50, error: false });
  assertType<Equal<typeof silent, Promise<string | undefined>>>();
  const both = run(async () => 'text', { timeout: 50, error: false, default: 1 });
  assertType<Equal<typeof both, Promise<string | number | undefined>>>();
  const thrown = run(async () => 'text', { timeout: 50, error: RangeError });
  assertType<Equal<typeof thrown, Promise<string>>>();
}

export function withTimeoutAddsTheTypeOfItsValue(): void {
  const plain = withTimeout(50, async () => 'text');
  assertType<Equal<typeof plain, Promise<string>>>();
  const value = withTimeout(50, async () => 'text', { timeoutValue: null });
  assertType<Equal<typeof value, Promise<string | null>>>();
  const missing = withTimeout(null, () => 1, { timeoutValue: undefined });
  assertType<Equal<typeof missing, Promise<number | undefined>>>();
  const coroutine = withTimeout(
    50,
    function* () {
      yield 1;
      return true;
    },
    { name: 'flag' },
  );
  assertType<Equal<typeof coroutine, Promise<boolean>>>();
}

export function waitGivesAYieldItsType(): void {
  void run(function* () {
    const text = yield* wait(Promise.resolve('text'));
    assertType<Equal<typeof text, string>>();
    const thenable = yield* wait({} as PromiseLike<Date>);
    assertType<Equal<typeof thenable, Date>>();
    const plain = yield* wait({} as Date);
    assertType<Equal<typeof plain, Date>>();
    const list = yield* wait({} as Promise<number>[]);
    assertType<Equal<typeof list, number[]>>();
    const pair = yield* wait({} as [Promise<number>, string]);
    assertType<Equal<typeof pair, [number, string]>>();
    const literal = yield* wait([Promise.resolve(1), Promise.resolve('text')]);
    assertType<Equal<typeof literal, [number, string]>>();
    // What nobody gives a type has none.
    const bare: unknown = yield Promise.resolve(1);
    return bare;
  }, 50);
}

export function theScopeRunsWhatRunDoes(timeout: Timeout): void {
  const asynchronous = timeout.run(async () => 'text');
  assertType<Equal<typeof asynchronous, Promise<string>>>();
  const coroutine = timeout.run(function* (scope) {
    assertType<Equal<typeof scope, Timeout>>();
    yield Promise.resolve(1);
    return 1;
  });
  assertType<Equal<typeof coroutine, Promise<number>>>();
  class Named extends Timeout {
    readonly label: string = 'mine';
  }
  const label = new Named(50).run(async (scope) => scope.label);
  assertType<Equal<typeof label, Promise<string>>>();
  assertType<Equal<ReturnType<Named['start']>, Named>>();
  const started = Timeout.startNew(50, RangeError);
  assertType<Equal<typeof started, Timeout>>();
  assertType<Equal<typeof started.pending, boolean>>();
  assertType<Equal<ReturnType<typeof started.close>, void>>();
  assertType<Equal<ReturnType<typeof started.cancel>, void>>();
  const disposable: Disposable = started;
  assertType<Equal<typeof disposable, Disposable>>();
}

export function timeoutableKeepsTypesOfAsynchronousFunctions(): void {
  const asynchronous = async (a: number): Promise<string> => String(a);
  const limited = timeoutable(asynchronous, 100);
  assertType<Equal<Parameters<typeof limited>, [a: number]>>();
  assertType<Equal<ReturnType<typeof limited>, Promise<string>>>();
  assertType<Equal<ReturnType<ReturnType<typeof limited.within>>, Promise<string>>>();
  const fallback = timeoutable(asynchronous, { timeout: 100, default: null });
  assertType<Equal<ReturnType<typeof fallback>, Promise<string | null>>>();

  function* steps(this: Date, a: number): Generator<unknown, boolean> {
    yield Promise.resolve(a);
    return this.getTime() > a;
  }
  const coroutine = timeoutable(steps, 100);
  assertType<Equal<Parameters<typeof coroutine>, [a: number]>>();
  assertType<Equal<ThisParameterType<typeof coroutine>, Date>>();
  assertType<Equal<ReturnType<typeof coroutine>, Promise<boolean>>>();
  const either = timeoutable(steps, { timeout: 100, default: 'not finished' });
  assertType<Equal<ReturnType<typeof either>, Promise<boolean | string>>>();

  class Api {
    @timeoutable(100)
    async load(id: number): Promise<string> {
      return String(id);
    }
  }
  assertType<Equal<ReturnType<Api['load']>, Promise<string>>>();
}

export function deadlinesTravelInHeaders(): void {
  const headers = deadlineHeaders();
  assertType<Equal<typeof headers, DeadlineHeaders>>();
  const scope = scopeFromHeaders({ 'grpc-timeout': '100m', accept: undefined }, 50);
  assertType<Equal<typeof scope, Timeout>>();
  scopeFromHeaders(new Headers(headers), { timeout: 50, error: false });
  scopeFromHeaders(new Map([['grpc-timeout', '100m']]), null);
}

export function timeoutableKeepsTheSignature(): void {
  function find(this: Date, text: string, from?: number): boolean {
    return text.length > (from ?? 0) && this.getTime() > 0;
  }
  const limited = timeoutable(find, 100);
  assertType<Equal<Parameters<typeof limited>, Parameters<typeof find>>>();
  assertType<Equal<ReturnType<typeof limited>, boolean>>();
  assertType<Equal<ThisParameterType<typeof limited>, Date>>();
  const within = limited.within(20);
  assertType<Equal<Parameters<typeof within>, Parameters<typeof find>>>();
  assertType<Equal<ThisParameterType<typeof within>, Date>>();

  const fallback = timeoutable((n: number) => n * 2, { timeout: 100, default: 'not finished' });
  assertType<Equal<ReturnType<typeof fallback>, number | string>>();
  assertType<Equal<ReturnType<ReturnType<typeof fallback.within>>, number | string>>();

  // @ts-expect-error a wrong argument
  limited.call(new Date(), 1);
  // @ts-expect-error an argument too many
  fallback(1, 2);
  // @ts-expect-error a limit that is no number
  limited.within('20');
}

export class DecoratedMethodsKeepTheirTypes {
  @timeoutable({ timeout: 100 })
  compute(n: number): string {
    return String(n);
  }

  // @ts-expect-error a default that is not of the method's type
  @timeoutable({ timeout: 100, default: null })
  strict(n: number): string {
    return String(n);
  }

  use(): string {
    return this.compute(1);
  }
}

export function badOptionsDoNotCompile(): void {
  // @ts-expect-error a string is no limit
  runSync(() => 1, '50');
  // @ts-expect-error unknown options
  runSync(() => 1, { timeuot: 50 });
  // @ts-expect-error unknown strategies
  runSync(() => 1, { timeout: 50, strategy: 'thread' });
  // @ts-expect-error the state is read only
  new Timeout(50).state = 'executed';
  // @ts-expect-error a promise is not disposable at once
  new Timeout(50).use(Promise.resolve());
  // @ts-expect-error asynchronous work has no choice of strategies
  void run(() => 1, { timeout: 50, strategy: 'native' });
  // @ts-expect-error nor a limit on CPU time
  void run(() => 1, { cpuTimeout: 50 });
  // @ts-expect-error async generators are no coroutines
  void run<string>(async function* () {}, 50);
  // @ts-expect-error the value on timeout has its own name here
  void withTimeout(50, () => 1, { default: 1 });
  // @ts-expect-error a started timeout is no async resource
  const asyncDisposable: AsyncDisposable = new Timeout(50);
  // @ts-expect-error only errors are raised
  asyncRaise(0, 'text');
}

export function memberTypes(scope: Timeout): void {
  assertType<Equal<typeof scope.state, TimeoutState>>();
  assertType<Equal<typeof scope.ok, boolean>>();
  assertType<Equal<typeof scope.expired, boolean>>();
  assertType<Equal<typeof scope.deadline, number>>();
  assertType<Equal<typeof scope.signal, AbortSignal>>();
  assertType<Equal<ReturnType<typeof scope.remaining>, number>>();
  assertType<Equal<ReturnType<typeof scope.checkpoint>, void>>();
  const shielded = scope.shield(() => 1);
  assertType<Equal<typeof shielded, number>>();
  const resource = scope.use({ [Symbol.dispose]() {}, id: 1 });
  assertType<Equal<typeof resource.id, number>>();
  assertType<Equal<ReturnType<typeof currentScope>, Timeout | undefined>>();
  assertType<Equal<ReturnType<typeof statistics>, Statistics>>();
  assertType<Equal<ReturnType<typeof capabilities>, Capabilities>>();
}

export function guardsNarrow(value: unknown): void {
  if (isTimeoutError(value)) {
    assertType<Equal<typeof value, TimeoutError>>();
    assertType<Equal<typeof value.timeout, number>>();
  }
  if (value instanceof InvalidOptionError) {
    assertType<Equal<typeof value.option, string>>();
    assertType<Equal<typeof value.value, unknown>>();
  }
}

export function callsElsewhereTakeTheArgumentsOfTheirTask(): void {
  const add = (a: number, b: string): string => b + String(a);
  const inWorker = runInWorker(add, { args: [1, 'b'], timeout: 50 });
  assertType<Equal<typeof inWorker, Promise<string>>>();
  const inProcess = runInProcess(add, { args: [1, 'b'], timeout: 50, default: null });
  assertType<Equal<typeof inProcess, Promise<string | null>>>();
  const sync = runInProcessSync(add, { args: [1, 'b'], error: false });
  assertType<Equal<typeof sync, string | undefined>>();
  // @ts-expect-error -- the arguments are of the wrong types
  void runInWorker(add, { args: ['1', 'b'], timeout: 50 });
  // @ts-expect-error -- they are left out
  void runInWorker(add, { timeout: 50 });
  // @ts-expect-error -- they are left out
  void runInProcess(add, 50);
  const plain = runInWorkerSync(() => 1, 50);
  assertType<Equal<typeof plain, number>>();
  const later = runInWorker(async () => Promise.resolve(1), 50);
  assertType<Equal<typeof later, Promise<number>>>();
}

export function aReferenceHasTheTypesOfItsFunction(): void {
  const add = task<(a: number, b: number) => Promise<string>>(import.meta.url, 'add');
  const value = runInProcess(add, { args: [1, 2] });
  assertType<Equal<typeof value, Promise<string>>>();
  // @ts-expect-error -- an argument is missing
  void runInProcess(add, { args: [1] });
  const unknown = runInWorker(task(import.meta.url, 'any'), { args: [1, 'b'], timeout: 50 });
  assertType<Equal<typeof unknown, Promise<unknown>>>();
}

export function poolsInferAsTheFunctionsDo(): void {
  const pool = createPool({ kind: 'worker', timeout: 50 });
  const add = (a: number, b: string): string => b + String(a);
  const value = pool.run(add, { args: [1, 'b'] });
  assertType<Equal<typeof value, Promise<string>>>();
  const plain = pool.run(() => 1);
  assertType<Equal<typeof plain, Promise<number>>>();
  const withDefault = pool.run(() => 1, { default: 'none' });
  assertType<Equal<typeof withDefault, Promise<number | string>>>();
  // @ts-expect-error -- the arguments are left out
  void pool.run(add);
  const results = pool.map(async (n: number) => Promise.resolve(String(n)), new Set([1, 2]));
  assertType<Equal<typeof results, AsyncIterableIterator<MapResult<number, string>, undefined>>>();
  // @ts-expect-error -- the items are not what the task takes
  pool.map((n: number) => n, ['1']);
  createPool({ kind: 'worker', initializer: task<() => Promise<void>>(import.meta.url, 'open') });
  createPool({ kind: 'worker', initializer: task(import.meta.url, 'open') });
  createPool({
    kind: 'worker',
    // @ts-expect-error -- an initialiser gets no arguments
    initializer: task<(n: number) => void>(import.meta.url, 'open'),
  });
  // @ts-expect-error -- there is no such kind
  createPool({ kind: 'thread' });
  sendMessage({ done: 1 });
}

export function aFunctionThatRunsElsewhereKeepsItsSignature(): void {
  const sync = timeoutable((n: number) => String(n), { strategy: 'process', timeout: 50 });
  const text = sync(1);
  assertType<Equal<typeof text, string>>();
  const later = timeoutable(async (n: number) => Promise.resolve(n), {
    strategy: 'worker',
    timeout: 50,
    default: null,
  });
  const value = later(1);
  assertType<Equal<typeof value, Promise<number | null>>>();
}
