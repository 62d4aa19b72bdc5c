import { Script } from 'node:vm';

/** A binding of the global scope that only our scripts know the name of; no property of the global object. */
interface Entry {
  call: (() => void) | undefined;
}

interface Scripts {
  readonly entry: Entry;
  readonly script: Script;
}

const FILE_NAME = 'hardstop:vm';

/**
 * Calls a function inside a script that node:vm ends after `timeout` ms, in this realm.
 *
 * Throws what node:vm throws when it has ended it. What `call` itself throws comes out too, so it had better not.
 */
export function callWithVmTimeout(call: () => void, timeout: number): void {
  const { entry, script } = (scripts ??= compile());
  entry.call = call;
  // displayErrors would decorate the stacks of errors that pass; breakOnSigint would take Ctrl-C from the program.
  script.runInThisContext({ timeout, displayErrors: false, breakOnSigint: false });
}

let scripts: Scripts | undefined;

function compile(): Scripts {
  // Two copies of this package in one process need two names.
  const name = `hardstop_${Math.random().toString(36).slice(2)}`;
  const declaration = `const ${name} = { __proto__: null, call: undefined }; ${name};`;
  const entry = new Script(declaration, { filename: FILE_NAME }).runInThisContext() as Entry;
  // Emptied before the call, so that nothing is kept alive by a binding that lives for ever.
  const source = `{ const { call } = ${name}; ${name}.call = undefined; call(); }`;
  return { entry, script: new Script(source, { filename: FILE_NAME }) };
}
