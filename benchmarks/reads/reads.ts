// The benchmarks of reads.

import { fileURLToPath } from 'node:url';
import type { Benchmark } from '#benchmarks/benchmark.ts';
import { sysbenchBenchmark } from './sysbench-benchmark.ts';

const tables = ['--tables=1', '--table-size=50000', '--create-secondary=on'];

function ownScript(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export const reads: readonly Benchmark[] = [
  sysbenchBenchmark({
    name: 'point-select',
    summary: 'one row by its primary key (sysbench oltp_point_select)',
    script: 'oltp_point_select',
    unit: 'queries',
    options: [...tables, '--skip-trx=on'],
  }),
  sysbenchBenchmark({
    name: 'read-only',
    summary: 'transactions of ten point reads and four ranges (sysbench oltp_read_only)',
    script: 'oltp_read_only',
    unit: 'queries',
    options: tables,
  }),
  sysbenchBenchmark({
    name: 'range-100',
    summary: 'a hundred rows of one partition',
    script: ownScript('range-100.lua'),
    unit: 'queries',
    options: [],
    twinleafOptions: ['--twinleaf=on'],
  }),
  sysbenchBenchmark({
    name: 'login',
    summary: 'a connection, a login, one statement, and the end of it',
    script: ownScript('login.lua'),
    unit: 'events',
    options: [],
  }),
];
