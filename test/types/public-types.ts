// Compiled, never run: what the types of the public functions promise. `any` anywhere would make an `Equal` false.
/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/consistent-type-imports -- values are there for their types only */
import {
  asyncRaise,
  capabilities,
  currentScope,
  InvalidOptionError,
  isTimeoutError,
  runSync,
  statistics,
  Timeout,
  timeoutable,
  type Capabilities,
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
