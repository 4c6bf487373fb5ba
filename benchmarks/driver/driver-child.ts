// A process of clients: each does its workload's operation as fast as the server answers.

import mysql, { type Connection } from 'mysql2';
import { findWorkload } from '#benchmarks/workloads.ts';
import { LatencyHistogram } from '#benchmarks/measure/statistics.ts';
import { databaseName } from './database-name.ts';
import type { DriverAnswer, DriverRequest, DriverShare } from './driver-message.ts';
import type { Client, Protocol, Workload } from './workload.ts';

/** Errors after which a client is expected to try its transaction again. */
const RETRIED_ERRNOS = new Set([1205, 1213]);

interface Work {
  readonly workload: Workload;
  readonly clients: readonly Client[];
  readonly connections: readonly Connection[];
}

serve();

/** Answers the run's requests, one at a time. */
function serve(): void {
  let work: Work | null = null;
  process.on('message', async (request: DriverRequest) => {
    try {
      switch (request.kind) {
        case 'open':
          work = await open(request);
          send({ kind: 'opened' });
          return;
        case 'run':
          if (work === null) throw new Error('run before open');
          send({ kind: 'ran', share: await run(work, request.seconds) });
          return;
        case 'close':
          for (const connection of work?.connections ?? []) connection.destroy();
          process.disconnect?.();
      }
    } catch (error) {
      send({ kind: 'failed', reason: String(error instanceof Error ? error.stack : error) });
    }
  });
}

function send(message: DriverAnswer): void {
  process.send?.(message);
}

async function open(request: Extract<DriverRequest, { kind: 'open' }>): Promise<Work> {
  const workload = findWorkload(request.workload);
  const connections: Connection[] = [];
  const clients: Client[] = [];
  for (let index = 0; index < request.clients; index++) {
    const connection = mysql.createConnection({
      ...request.login,
      database: databaseName,
      supportBigNumbers: true,
    });
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    connections.push(connection);
    const id = request.firstClient + index;
    clients.push(clientOn(connection, id, request.protocol));
  }
  return { workload, clients, connections };
}

function clientOn(connection: Connection, id: number, protocol: Protocol): Client {
  let state = (id + 1) * 2_654_435_761;
  return {
    id,
    protocol,
    run: (sql, values = []) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown, result: unknown): void =>
          error ? reject(error as Error) : resolve(result);
        if (protocol === 'prepared' && values.length > 0) {
          connection.execute(sql, [...values], done);
        } else connection.query(withLiterals(sql, values), done);
      }),
    // Xorshift: the same operations at every server, and no chance needed.
    random(limit) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % limit;
    },
  };
}

function withLiterals(sql: string, values: readonly (number | string)[]): string {
  if (values.length === 0) return sql;
  let text = '';
  let from = 0;
  for (const value of values) {
    const at = sql.indexOf('?', from);
    text += sql.slice(from, at) + (typeof value === 'number' ? String(value) : `'${value}'`);
    from = at + 1;
  }
  return text + sql.slice(from);
}

async function run({ workload, clients }: Work, seconds: number): Promise<DriverShare> {
  const latencies = new LatencyHistogram();
  const total = { operations: 0, sum: 0, retries: 0 };
  const cpu = process.cpuUsage();
  const started = performance.now();
  const deadline = started + seconds * 1000;
  await Promise.all(
    clients.map(async (client) => {
      for (let at = performance.now(); at < deadline;) {
        const answered = await operate(workload, client, () => total.retries++);
        total.sum += answered;
        total.operations++;
        const now = performance.now();
        latencies.add((now - at) * 1000);
        at = now;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...total,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    latencies: latencies.buckets(),
  };
}

/** Until it succeeds: a deadlock's victim tries again, as clients do. */
async function operate(workload: Workload, client: Client, onRetry: () => void): Promise<number> {
  for (;;) {
    try {
      return await workload.operate(client);
    } catch (error) {
      const errno = (error as { errno?: number }).errno ?? 0;
      if (!RETRIED_ERRNOS.has(errno)) throw error;
      onRetry();
      await client.run('ROLLBACK');
    }
  }
}
