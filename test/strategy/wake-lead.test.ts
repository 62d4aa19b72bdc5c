import test from 'ava';
import { LONGEST_LEAD, WakeLead } from '#internal/strategy/wake-lead.js';

/** An instant that no rest reaches. */
const LATER = 1e9;

function learn(lead: WakeLead, times: number, needed: (i: number) => number): void {
  for (let i = 0; i < times; i++) lead.observe(needed(i));
}

test('it begins at its bound, and comes near to what is needed', (t) => {
  const lead = new WakeLead(true);
  t.is(lead.before(LATER), LONGEST_LEAD);
  learn(lead, 500, () => 0.05);
  t.true(lead.before(LATER) > 0.04 && lead.before(LATER) < 0.07);
});

test('one wake-up in nine comes too late', (t) => {
  const lead = new WakeLead(true);
  let late = 0;
  learn(lead, 9_000, (i) => {
    const needed = ((i * 7) % 100) / 1_000;
    if (i >= 900 && needed > lead.before(LATER)) late++;
    return needed;
  });
  t.true(late > 8_100 / 18 && late < 8_100 / 5, String(late));
});

test('it stays within its bounds', (t) => {
  const lead = new WakeLead(true);
  learn(lead, 1_000, () => LONGEST_LEAD * 2);
  t.is(lead.before(LATER), LONGEST_LEAD);
  learn(lead, 1_000, () => -1);
  t.true(lead.before(LATER) > 0);
});

test('a loop that was at work teaches nothing', (t) => {
  const lead = new WakeLead(true);
  learn(lead, 100, () => 0.05);
  const before = lead.before(LATER);
  learn(lead, 100, () => 5);
  learn(lead, 100, () => NaN);
  t.is(lead.before(LATER), before);
});

test('after a spin there is none for fifteen times as long', (t) => {
  const lead = new WakeLead(true);
  lead.spun(100, 100.2);
  t.false(lead.allows(100.2 + 15 * 0.2));
  t.is(lead.before(100.2 + 15 * 0.2), 0);
  t.true(lead.allows(100.3 + 15 * 0.2 + LONGEST_LEAD));
});

test('where spinning is unwanted there is none', (t) => {
  const lead = new WakeLead(false);
  t.is(lead.before(LATER), 0);
  learn(lead, 100, () => 0.05);
  t.false(lead.allows(LATER));
});
