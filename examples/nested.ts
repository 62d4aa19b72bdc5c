import { isTimeoutError, Timeout } from 'hardstop';

const request = new Timeout(300, { name: 'request' });
const query = new Timeout(10_000, { name: 'query' });

try {
  request.runSync(() =>
    query.runSync(() => {
      // The earliest deadline of all scopes around it holds.
      for (;;);
    }),
  );
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log('request expired:', error.scope === request);
}
console.log(request.state, query.state);
