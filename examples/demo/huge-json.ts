import type { DemoCase } from './demo-case.js';

const RECORDS = 400_000;

export const hugeJson: DemoCase = {
  title: 'huge JSON text',
  subject: 'JSON.parse of 23 MB',
  timeoutMs: 50,
  prepare: () => {
    const record = JSON.stringify({ id: 1_234_567, name: 'a name', tags: ['x', 'y'], ok: true });
    const text = `[${Array.from({ length: RECORDS }, () => record).join(',')}]`;
    return { work: () => JSON.parse(text) as unknown };
  },
  remark:
    'One call into the engine that looks for no interrupt: no one in this thread can stop it. You get the error when it returns, and the error says so.',
};
