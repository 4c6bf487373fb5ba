// What the benchmarks compute of what they measured: medians, spreads, ratios, tables, profiles.

import test from 'ava';
import { parseArguments } from '#benchmarks/arguments.ts';
import { summarizeProfile } from '#benchmarks/measure/cpu-profile.ts';
import { summarize, type Round } from '#benchmarks/measure/paired-rounds.ts';
import { cpuSeconds, parseCpuSeconds } from '#benchmarks/measure/process-cost.ts';
import { LatencyHistogram, median, quantile, spread } from '#benchmarks/measure/statistics.ts';
import { formatTable } from '#benchmarks/measure/table.ts';

test('statistics: median, quantile and spread', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
  t.true(Number.isNaN(median([])));
  t.is(quantile([0, 10, 20, 30], 0.5), 15);
  t.is(quantile([5], 0.99), 5);
  t.is(spread([10, 10, 10]), 0);
  t.is(spread([1, 2, 3, 4, 5]), 2 / 3);
});

test('statistics: a histogram of two processes is that of both, exact to a bucket', (t) => {
  const [one, other] = [new LatencyHistogram(), new LatencyHistogram()];
  for (let value = 1; value <= 500; value++) one.add(value);
  for (let value = 501; value <= 1000; value++) other.add(value);
  one.merge(other.buckets());
  t.is(one.count, 1000);
  for (const fraction of [0.1, 0.5, 0.9, 0.99]) {
    const error = one.percentile(fraction) / (1000 * fraction);
    t.true(error > 0.97 && error < 1.03, `${fraction}: ${error}`);
  }
  t.true(Number.isNaN(new LatencyHistogram().percentile(0.5)));
});

function round(perSecond: number, cpuMicroseconds: number): Round {
  const latencies = new LatencyHistogram();
  latencies.add(100, 10);
  const driver = { driverMicroseconds: 20, driverBusiest: 0.3, retries: 1 };
  return { operations: 10, sum: 0, perSecond, cpuMicroseconds, latencies, ...driver };
}

test('paired rounds: ratios are taken round by round, so noise that meets both is none', (t) => {
  const quiet = [round(100, 50), round(50, 100)];
  const loaded = [round(20, 250), round(10, 500)];
  const [first, second] = summarize(['a', 'b'], [quiet, loaded, quiet]);
  t.is(first?.cpuRatio, 1);
  t.is(second?.cpuRatio, 2);
  t.is(second?.speedRatio, 0.5);
  t.is(second?.cpuMicroseconds, 100);
  t.false(second?.noisy);
  t.is(second?.operations, 30);
  t.is(second?.retries, 3);
  const noisy = summarize(['a', 'b'], [quiet, [round(1, 50), round(1, 400)], quiet, loaded]);
  t.true(noisy[1]?.noisy);
});

test('process cost: the stat file of a process whose name has spaces and parentheses', (t) => {
  const stat = '7 (a (b) c) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 6 7 20 0 1 0 100 0 0';
  t.is(parseCpuSeconds(stat), 2);
  t.true(cpuSeconds([process.pid]) >= 0);
  t.is(cpuSeconds([]), 0);
});

test('table: columns are aligned', (t) => {
  t.deepEqual(
    formatTable(
      ['name', 'n'],
      [
        ['a', '10'],
        ['longer', '7'],
      ],
    ),
    ['name     n', '------  --', 'a       10', 'longer   7'],
  );
});

test('profile: own time by function and file, and with what was called', (t) => {
  const frame = (functionName: string, url: string) => ({
    callFrame: { functionName, url, lineNumber: 0 },
  });
  const profile = {
    nodes: [
      { id: 1, ...frame('(root)', ''), children: [2, 4] },
      { id: 2, ...frame('outer', 'file:///app/a.ts'), children: [3] },
      { id: 3, ...frame('inner', 'file:///app/b.ts') },
      { id: 4, ...frame('(idle)', '') },
    ],
    samples: [2, 3, 3, 4],
    timeDeltas: [10, 20, 30, 1000],
  };
  const summary = summarizeProfile(profile, '/app');
  t.is(summary.busy, 60);
  t.deepEqual(summary.byFunction[0], ['inner b.ts:1', 50]);
  t.deepEqual(summary.byFile, [
    ['b.ts', 50],
    ['a.ts', 10],
  ]);
  t.deepEqual(summary.inclusive[0], ['outer a.ts:1', 60]);
});

test('arguments: what is asked for, and what is wrong with it', (t) => {
  t.is(parseArguments([]).name, null);
  const args = parseArguments(['insert-row', '--seconds', '0.5', '--clients', '1,8']);
  t.is(args.name, 'insert-row');
  t.is(args.seconds, 0.5);
  t.deepEqual(args.clients, [1, 8]);
  t.is(args.servers, null);
  t.deepEqual(parseArguments(['--servers', 'a,b']).servers, ['a', 'b']);
  t.throws(() => parseArguments(['a', 'b']), { message: /one benchmark/ });
  t.throws(() => parseArguments(['--what', '1']), { message: /no option --what/ });
  t.throws(() => parseArguments(['--json']), { message: /needs a value/ });
  t.throws(() => parseArguments(['--clients', '0']), { message: /above 0/ });
});
