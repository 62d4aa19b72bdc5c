import type { DemoCase } from './demo-case.js';

// CVE-2020-7662: the grammar of RFC 6455 for the header Sec-WebSocket-Extensions, as the npm package
// websocket-extensions had it up to 0.1.3. A backslash fits both alternatives inside the quotes, so that a text without
// its closing quote is tried in 2^n ways.
const token = String.raw`([!#\$%&'\*\+\-\.\^_\x60\|~0-9A-Za-z]+)`;
const quoted = String.raw`"((?:\\[\x00-\x7f]|[^\x00-\x08\x0a-\x1f\x7f"])*)"`;
const parameter = `${token}(?:=(?:${token}|${quoted}))?`;
const extension = `${token}(?: *; *${parameter})*`;
const extensionList = new RegExp(`^${extension}(?: *, *${extension})*$`);

const attack = `a;b="${'\\c'.repeat(60)}`;

function isExtensionHeader(header: string): boolean {
  return extensionList.test(header);
}

export const catastrophicRegex: DemoCase = {
  title: 'catastrophic regular expression',
  subject: `websocket-extensions, CVE-2020-7662, a header of ${String(attack.length)} characters`,
  timeoutMs: 200,
  prepare: () => ({ work: () => isExtensionHeader(attack) }),
};
