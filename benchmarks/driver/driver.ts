// The clients of one server, in processes of their own, so that no server waits for a driver.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LatencyHistogram } from '#benchmarks/measure/statistics.ts';
import type { Login } from '#benchmarks/peers/database-server.ts';
import type { DriverAnswer, DriverRequest, DriverShare } from './driver-message.ts';
import type { Protocol } from './workload.ts';

/** From so many clients on there are two driver processes. */
const CLIENTS_FOR_TWO = 8;

const childPath = fileURLToPath(new URL('driver-child.ts', import.meta.url));

export interface DriverOptions {
  readonly workload: string;
  readonly login: Login;
  readonly protocol: Protocol;
  readonly clients: number;
}

/** What all clients have done in one round. */
export interface DriverRound {
  readonly operations: number;
  readonly sum: number;
  readonly retries: number;
  /** The longest of the driver processes. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** How much of a core the busiest driver process used: near 1, it was the bottleneck. */
  readonly busiest: number;
  readonly latencies: LatencyHistogram;
}

export class Driver {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** Starts the processes and connects their clients. */
  static async open(options: DriverOptions): Promise<Driver> {
    const { clients } = options;
    const count = clients >= CLIENTS_FOR_TWO ? 2 : 1;
    const children = Array.from({ length: count }, () => fork(childPath));
    const driver = new Driver(children);
    const each = Math.ceil(clients / count);
    try {
      await Promise.all(
        children.map((child, index) =>
          ask(child, {
            kind: 'open',
            ...options,
            firstClient: index * each,
            clients: Math.min(each, clients - index * each),
          }),
        ),
      );
    } catch (error) {
      await driver.close();
      throw error;
    }
    return driver;
  }

  /** Lets all clients work for `seconds`. */
  async run(seconds: number): Promise<DriverRound> {
    const answers = await Promise.all(
      this.#children.map((child) => ask(child, { kind: 'run', seconds })),
    );
    const shares = answers.flatMap((each) => (each.kind === 'ran' ? [each.share] : []));
    return addUp(shares);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        if (child.connected) child.send({ kind: 'close' } satisfies DriverRequest);
        else child.kill();
        await exited;
      }),
    );
  }
}

async function ask(child: ChildProcess, request: DriverRequest): Promise<DriverAnswer> {
  const over = new AbortController();
  try {
    child.send(request);
    const [answer] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      ended(child, over.signal),
    ])) as [DriverAnswer];
    if (answer.kind === 'failed') throw new Error(`a client failed: ${answer.reason}`);
    return answer;
  } finally {
    over.abort();
  }
}

/** Never settles while the process lives. */
function ended(child: ChildProcess, signal: AbortSignal): Promise<[DriverAnswer]> {
  return new Promise((resolve) => {
    const gone = (): void => resolve([{ kind: 'failed', reason: 'its process has ended' }]);
    child.once('exit', gone);
    signal.addEventListener('abort', () => child.off('exit', gone));
  });
}

function addUp(shares: readonly DriverShare[]): DriverRound {
  const latencies = new LatencyHistogram();
  for (const share of shares) latencies.merge(share.latencies);
  const total = (of: (share: DriverShare) => number): number =>
    shares.reduce((sum, share) => sum + of(share), 0);
  return {
    operations: total((share) => share.operations),
    sum: total((share) => share.sum),
    retries: total((share) => share.retries),
    seconds: Math.max(...shares.map((share) => share.seconds)),
    cpuSeconds: total((share) => share.cpuSeconds),
    busiest: Math.max(...shares.map((share) => share.cpuSeconds / share.seconds)),
    latencies,
  };
}
