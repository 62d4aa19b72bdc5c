import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deadlineHeaders, isTimeoutError, run, scopeFromHeaders } from 'hardstop';

const answers: Promise<string>[] = [];

const server = createServer((request, response) => {
  // The client's limit, if it has sent one, and never more than 5 s.
  const scope = scopeFromHeaders(request.headers, { timeout: 5_000, default: 'too late' });
  console.log('limited by the client:', scope.timeout < 5_000);
  const answer = scope.run(({ signal }) => delay(60_000, 'the answer', { signal }));
  answers.push(answer);
  void answer.then((text) => response.end(text));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

try {
  await run(async ({ signal }) => {
    // What is left of the deadline travels as the header `grpc-timeout`.
    await fetch(`http://127.0.0.1:${String(port)}`, { headers: deadlineHeaders(), signal });
  }, 2_000);
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log('the client has given up');
}
console.log('the server, soon after:', ...(await Promise.all(answers)));
server.close();
server.closeAllConnections();
