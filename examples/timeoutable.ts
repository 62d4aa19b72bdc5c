import { timeoutable } from 'hardstop';

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

const limited = timeoutable(fibonacci, { timeout: 5_000, default: 'not finished' });
console.log(limited(10));
console.log(limited.within(20)(100));

class Report {
  readonly rows = [3, 1, 2];

  @timeoutable({ timeout: 5_000 })
  sorted(): number[] {
    return [...this.rows].sort((a, b) => a - b);
  }
}
console.log(new Report().sorted());
