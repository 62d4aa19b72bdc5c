import { isTimeoutError } from 'hardstop';
import { matchAll, replace, test } from 'hardstop/regex';

const words = /^(\w+\s?)*$/;
console.log(test(words, 'a comment of five words', 5_000));

try {
  test(words, `${'a'.repeat(50)}!`, 20);
} catch (error) {
  console.log(isTimeoutError(error) ? 'no answer in 20 ms, and no silent false' : error);
}

for (const { groups } of matchAll(/(?<key>\w)=(?<value>\d)/g, 'a=1;b=2', 5_000)) {
  console.log(groups?.['key'], groups?.['value']);
}

// One deadline for all matches and all calls of the function.
console.log(replace(/\d/g, 'a1b2', (digit) => `<${digit}>`, 5_000));
