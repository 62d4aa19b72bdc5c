import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';

interface Reports {
  reportsIn(text: string): readonly string[];
}

const script = pathToFileURL(join(packageRoot, 'scripts/sanitizers/reports.js'));
const { reportsIn } = (await import(script.href)) as Reports;

const OURS = '#3 0x7f in hardstop::Init(Napi::Env) (/package/build/hardstop.node+0x8b7e2)';

const leak = (...frames: string[]): string =>
  ['Direct leak of 8 byte(s) in 1 object(s) allocated from:', ...frames].join('\n    ');

test('memory that the addon took, or Node-API for it, is a leak of ours', (t) => {
  const direct = leak('#0 0x7f in operator new(unsigned long) asan_new_delete.cpp:95', OURS);
  const reference = leak(
    '#0 0x7f in operator new(unsigned long) asan_new_delete.cpp:95',
    '#1 0xc4 in v8impl::Reference::New(napi_env__*) (/usr/bin/node+0xc47ad9)',
    '#2 0xc4 in napi_create_reference (/usr/bin/node+0xc47ad9)',
    OURS,
  );
  t.deepEqual(reportsIn(`==1==\n\n${direct}\n\n${reference}\n\nSUMMARY`), [direct, reference]);
});

test('memory of the heap of the engine is not, whoever called', (t) => {
  const heap = leak(
    '#0 0x7f in operator new(unsigned long) asan_new_delete.cpp:95',
    '#1 0x10 in v8::internal::Heap_CombinedGenerationalAndSharedBarrierSlow(v8::internal::HeapObject)',
    '#2 0xc4 in napi_create_function (/usr/bin/node+0xc47ad9)',
    OURS,
  );
  t.deepEqual(reportsIn(`==1==\n\n${heap}\n\nSUMMARY`), []);
});

test('an error is reported whole', (t) => {
  const text = `==1==ERROR: AddressSanitizer: heap-use-after-free\n    ${OURS}`;
  t.deepEqual(reportsIn(text), [text]);
});
