import { createServer, get, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import vm from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import {
  deadlineHeaders,
  InvalidOptionError,
  runSync,
  scopeFromHeaders,
  Timeout,
  type DeadlineHeaders,
} from 'hardstop';
import { parseGrpcTimeout } from '#internal/core/grpc-timeout.js';
import { timeoutOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { testEachStrategy } from '../harness/strategies.js';
import { makeRandom } from '../regex/random-recipe.js';

const msOf = (headers: DeadlineHeaders): number =>
  parseGrpcTimeout(headers['grpc-timeout'] ?? '') ?? NaN;

test('outside every scope nothing is sent', (t) => {
  t.deepEqual(deadlineHeaders(), {});
  t.deepEqual(deadlineHeaders(undefined), {});
});

test('what is sent fits where headers are expected, as it is', (t) => {
  const forFetch: RequestInit = { headers: deadlineHeaders() };
  const forRequest: RequestOptions = { headers: deadlineHeaders() };
  t.deepEqual(forFetch, forRequest as unknown);
  t.is(scopeFromHeaders(deadlineHeaders(new Timeout(70))).timeout, 70);
});

test('a scope without a limit sends nothing', (t) => {
  t.deepEqual(deadlineHeaders(new Timeout()), {});
  t.deepEqual(
    runSync(() => deadlineHeaders(), undefined),
    {},
  );
});

test('a scope that does not run yet sends its timeout', (t) => {
  t.deepEqual(deadlineHeaders(new Timeout(1_500)), { 'grpc-timeout': '1500000u' });
  t.deepEqual(deadlineHeaders(new Timeout(0.25)), { 'grpc-timeout': '250000n' });
  t.deepEqual(deadlineHeaders(new Timeout(1e300)), { 'grpc-timeout': '99999999H' });
});

testEachStrategy('a running scope sends what is left, not a hair less', (t, strategy) => {
  runSync(
    (scope) => {
      for (let i = 0; i < 1_000; i++) {
        const sent = msOf(deadlineHeaders());
        // What is left now is less than what was left then.
        t.true(sent >= scope.remaining());
        t.true(sent <= 60_000);
      }
      const before = scope.remaining();
      t.true(msOf(deadlineHeaders(scope)) <= before + 0.001);
    },
    { timeout: 60_000, strategy },
  );
});

testEachStrategy('the earliest deadline around counts', (t, strategy) => {
  runSync(
    () => {
      runSync(
        (inner) => {
          t.true(msOf(deadlineHeaders()) <= 60_000);
          t.true(msOf(deadlineHeaders(inner)) <= 60_000);
        },
        { timeout: 90_000, strategy },
      );
    },
    { timeout: 60_000, strategy },
  );
});

test('a scope that has ended, or expired, sends the shortest timeout', (t) => {
  const scope = new Timeout(60_000);
  scope.runSync(() => 1);
  t.deepEqual(deadlineHeaders(scope), { 'grpc-timeout': '1n' });
  t.deepEqual(deadlineHeaders(new Timeout(0)), { 'grpc-timeout': '1n' });
});

test('what is no scope is refused', (t) => {
  for (const scope of [null, 50, {}]) {
    const error = t.throws(() => deadlineHeaders(scope as Timeout), {
      instanceOf: InvalidOptionError,
    });
    t.is(error.option, 'scope');
  }
});

test('the header limits the scope', (t) => {
  t.is(scopeFromHeaders({ 'grpc-timeout': '250m' }).timeout, 250);
  t.is(scopeFromHeaders({ 'grpc-timeout': '10S' }, undefined).timeout, 10_000);
  t.is(scopeFromHeaders({ 'grpc-timeout': '10S' }, null).timeout, 10_000);
});

test('the header or the option, whichever is shorter', (t) => {
  for (const [header, timeout, expected] of [
    ['2S', 5_000, 2_000],
    ['10S', 5_000, 5_000],
    ['10S', Infinity, 10_000],
    ['10S', 0, 0],
    ['0n', 5_000, 0],
  ] as const) {
    const headers = { 'grpc-timeout': header };
    t.is(scopeFromHeaders(headers, timeout).timeout, expected);
    t.is(scopeFromHeaders(headers, { timeout }).timeout, expected);
  }
  t.is(scopeFromHeaders({ 'grpc-timeout': '1S' }, {}).timeout, 1_000);
  t.is(scopeFromHeaders({ 'grpc-timeout': '1S' }, { timeout: null }).timeout, 1_000);
});

test('without the header the options count alone', (t) => {
  for (const headers of [{}, { 'grpc-timeout': undefined }, new Map(), new Headers()]) {
    t.is(scopeFromHeaders(headers).timeout, Infinity);
    t.is(scopeFromHeaders(headers, 70).timeout, 70);
    t.is(scopeFromHeaders(headers, { timeout: 70 }).timeout, 70);
  }
});

test('the header or the deadline, whichever is earlier', (t) => {
  const deadline = performance.now() + 5_000;
  const of = (header: string): number =>
    scopeFromHeaders({ 'grpc-timeout': header }, { deadline }).deadline;
  t.is(of('10S'), deadline);
  const before = performance.now();
  const earlier = of('1S');
  t.true(earlier >= before + 1_000 && earlier <= performance.now() + 1_000);
});

test("the other options are the scope's", (t) => {
  const scope = scopeFromHeaders(
    { 'grpc-timeout': '0n' },
    { name: 'request', default: 7, timeout: 50 },
  );
  t.is(scope.name, 'request');
  t.is(scope.runSync(() => 1) as unknown, 7);
  const late = scopeFromHeaders(
    { 'grpc-timeout': '1S' },
    { name: 'late', deadline: 0, default: 8 },
  );
  t.is(late.name, 'late');
  t.is(late.runSync(() => 1) as unknown, 8);
});

test('a zero is a deadline that has passed', (t) => {
  const error = timeoutOf(t, () =>
    scopeFromHeaders({ 'grpc-timeout': '0S' }).runSync(() => t.fail()),
  );
  t.is(error.stage, 'refused');
});

test('headers of every kind, and names in any case', (t) => {
  const foreign = vm.runInNewContext("new Map([['Grpc-Timeout', '3S']])") as Map<string, string>;
  const withoutPrototype = Object.assign(Object.create(null) as IncomingHttpHeaders, {
    'grpc-timeout': '3S',
  });
  for (const headers of [
    { 'GRPC-TIMEOUT': '3S', accept: '*/*' },
    { 'Grpc-Timeout': '3S', 'set-cookie': ['a', 'b'] },
    { 'grpc-timeout': '3S', 'Grpc-Timeout': undefined },
    withoutPrototype,
    new Map([
      ['x', '1S'],
      ['Grpc-Timeout', '3S'],
    ]),
    foreign,
    new Headers({ 'GRPC-Timeout': '3S' }),
    { get: (name: string) => (name === 'grpc-timeout' ? '3S' : null) },
  ]) {
    t.is(scopeFromHeaders(headers).timeout, 3_000);
  }
});

test('a malformed header is refused, and the error names it', (t) => {
  const twice = new Headers([
    ['grpc-timeout', '1S'],
    ['grpc-timeout', '2S'],
  ]);
  for (const [headers, value] of [
    [{ 'grpc-timeout': '' }, ''],
    [{ 'grpc-timeout': '5' }, '5'],
    [{ 'grpc-timeout': '5s' }, '5s'],
    [{ 'grpc-timeout': '-5S' }, '-5S'],
    [{ 'grpc-timeout': '123456789S' }, '123456789S'],
    [{ 'grpc-timeout': ' 5S' }, ' 5S'],
    [{ 'grpc-timeout': '1S, 2S' }, '1S, 2S'],
    [{ 'grpc-timeout': ['1S'] }, ['1S']],
    [{ 'grpc-timeout': ['1S', '2S'] }, ['1S', '2S']],
    [{ 'grpc-timeout': '1S', 'Grpc-Timeout': '1S' }, ['1S', '1S']],
    [{ 'grpc-timeout': 5 }, 5],
    [{ 'grpc-timeout': null }, null],
    [new Map([['grpc-timeout', '']]), ''],
    [twice, '1S, 2S'],
  ] as const) {
    const error = t.throws(() => scopeFromHeaders(headers as IncomingHttpHeaders, 50), {
      instanceOf: InvalidOptionError,
    });
    t.is(error.option, "headers['grpc-timeout']");
    t.deepEqual(error.value, value);
    t.regex(error.message, /grpc-timeout.*1 to 8 digits and a unit \(H, M, S, m, u or n\), got /);
  }
});

test('what has no headers is refused', (t) => {
  for (const headers of [undefined, null, 'grpc-timeout: 1S', 5, [['grpc-timeout', '1S']]]) {
    const error = t.throws(() => scopeFromHeaders(headers as unknown as IncomingHttpHeaders), {
      instanceOf: InvalidOptionError,
    });
    t.is(error.option, 'headers');
  }
});

test('bad options are refused, header or not', (t) => {
  for (const headers of [{}, { 'grpc-timeout': '1S' }]) {
    for (const [options, option] of [
      [-1, 'timeout'],
      ['5', 'timeout'],
      [{ timeout: NaN }, 'timeout'],
      [{ timeout: 5, deadline: 5 }, 'deadline'],
      [{ deadline: NaN }, 'deadline'],
      [{ deadline: '5' }, 'deadline'],
      [{ grace: -1 }, 'grace'],
    ] as const) {
      const error = t.throws(() => scopeFromHeaders(headers, options as number), {
        instanceOf: InvalidOptionError,
      });
      t.is(error.option, option);
    }
  }
});

test('there and back, the receiver has no less than was left and at most one unit more', (t) => {
  const next = makeRandom(77);
  for (let i = 0; i < repetitions(20_000); i++) {
    const scope = new Timeout(10 ** (-7 + next() * 20));
    const headers = deadlineHeaders(scope);
    const received = scopeFromHeaders(headers).timeout;
    const unit = parseGrpcTimeout(`1${headers['grpc-timeout']?.slice(-1) ?? ''}`) ?? NaN;
    const isRight = received >= scope.timeout && received - scope.timeout <= unit;
    if (!isRight) t.fail(`${String(scope.timeout)} arrived as ${String(received)}`);
  }
  t.pass();
});

test('over HTTP, from server to server: what is left gets less on the way', async (t) => {
  const back = await startServer(t, (headers) =>
    scopeFromHeaders(headers, { timeout: 60_000 }).runSync((scope) => [scope.timeout]),
  );
  const front = await startServer(t, (headers) =>
    scopeFromHeaders(headers, { timeout: 60_000 }).runSync((scope) => {
      waitFor(5);
      const further = request(back, deadlineHeaders());
      return async () => [scope.timeout, ...(await further)];
    })(),
  );
  const [atFront = NaN, atBack = NaN] = await runSync(() => {
    waitFor(5);
    return { answer: request(front, deadlineHeaders()) };
  }, 20_000).answer;
  t.true(atFront < 20_000 - 5 + 0.001);
  t.true(atBack < atFront - 5 + 0.001);
  t.true(atBack > 10_000);
});

test('over HTTP, a header that is there twice is refused', async (t) => {
  const port = await startServer(t, (headers) => {
    const error = t.throws(() => scopeFromHeaders(headers), { instanceOf: InvalidOptionError });
    t.is(error.value, '1S, 2S');
    return [];
  });
  await request(port, { 'grpc-timeout': ['1S', '2S'] });
});

test('over HTTP, a server stops what its client has stopped waiting for', async (t) => {
  const port = await startServer(t, (headers) => {
    const { timeout } = timeoutOf(t, () =>
      scopeFromHeaders(headers, { timeout: 60_000 }).runSync(() => {
        for (;;);
      }),
    );
    return [timeout];
  });
  t.deepEqual(await request(port, deadlineHeaders(new Timeout(20))), [20]);
});

function waitFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A server whose answer is what `handle` makes of a request's headers; returns its port. */
async function startServer(
  t: ExecutionContext,
  handle: (headers: IncomingHttpHeaders) => number[] | Promise<number[]>,
): Promise<number> {
  const server = createServer((incoming, response) => {
    void Promise.resolve(handle(incoming.headers)).then((answer) =>
      response.end(JSON.stringify(answer)),
    );
  });
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function request(
  port: number,
  headers: Record<string, string | string[]> | DeadlineHeaders,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', headers: { ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as number[]));
    }).on('error', reject);
  });
}
