// sysbench as the client: fills its tables, and runs one of its scripts for a while.

import { spawn } from 'node:child_process';
import type { Login } from '#benchmarks/peers/database-server.ts';

/** The database that sysbench's own scripts take when none is named. */
export const sysbenchDatabase = 'sbtest';

export interface SysbenchRun {
  /** A script of sysbench's, or the path of one of ours. */
  readonly script: string;
  readonly options: readonly string[];
  readonly login: Login;
  readonly threads: number;
  readonly seconds: number;
  readonly prepared: boolean;
}

export interface SysbenchResult {
  readonly queries: number;
  readonly events: number;
  readonly seconds: number;
  /** 95 % of the events took at most so long, in milliseconds. */
  readonly p95Ms: number;
}

function common({ login, options, threads, prepared }: Omit<SysbenchRun, 'seconds'>): string[] {
  return [
    ...['--db-driver=mysql', `--mysql-db=${sysbenchDatabase}`, '--mysql-ssl=off'],
    ...[`--mysql-host=${login.host}`, `--mysql-port=${login.port}`],
    ...[`--mysql-user=${login.user}`, `--mysql-password=${login.password}`],
    ...[`--threads=${threads}`, `--db-ps-mode=${prepared ? 'auto' : 'disable'}`],
    ...options,
  ];
}

/** Makes and fills the tables. */
export async function prepareSysbench(run: Omit<SysbenchRun, 'seconds'>): Promise<void> {
  await sysbench([run.script, ...common(run), 'prepare']);
}

/** Runs the script; rejects when it reports an error. */
export async function runSysbench(run: SysbenchRun): Promise<SysbenchResult> {
  const time = [`--time=${run.seconds}`, '--report-interval=0', '--percentile=95'];
  const output = await sysbench([run.script, ...common(run), ...time, 'run']);
  return {
    queries: figure(output, /^\s*total:\s+(\d+)/m),
    events: figure(output, /^\s*total number of events:\s+(\d+)/m),
    seconds: figure(output, /^\s*total time:\s+([\d.]+)s/m),
    p95Ms: figure(output, /^\s*95th percentile:\s+([\d.]+)/m),
  };
}

function figure(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`sysbench printed no ${pattern.source}:\n${output}`);
  return Number(found);
}

async function sysbench(args: readonly string[]): Promise<string> {
  const child = spawn('sysbench', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.on('error', reject);
  child.on('close', (status) => {
    if (status === 0) resolve(output);
    else reject(new Error(`sysbench ended with ${status}:\n${output}`));
  });
  return promise;
}
