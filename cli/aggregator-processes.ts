// The further processes of `--processes`: child aggregators that share the master's port, started
// again when one ends, and ended with this one.

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeJoinToken } from '#aggregator/cluster/join-token.ts';
import type { RunningNode } from './node-command.ts';
import { realClock } from '#shared/clock.ts';
import { writePrivateFile } from '#shared/private-file.ts';
import type { Logger, LogLevel } from '#shared/logger.ts';

const launcher = fileURLToPath(new URL('twinleaf.js', import.meta.url));

/** How long after its end a process is started again, in milliseconds. */
const restartMs = 1000;

/** The master aggregator, as the processes beside it need it. */
export interface MasterOfProcesses extends RunningNode {
  readonly clusterId: string;
  readonly clusterSecret: Uint8Array;
  /** Opens a port that reaches this process alone. */
  listenAlone(): Promise<number>;
}

/** What each process is started with. */
export interface ProcessSettings {
  /** Each has a directory of its own in it. */
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly maxConnections?: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string | null } | null;
  readonly logLevel: LogLevel;
  readonly logger: Logger;
}

/**
 * Starts `count` of them, and resolves when each has printed that it takes clients. The answer
 * stops them and then the master.
 */
export async function startProcesses(
  master: MasterOfProcesses,
  settings: ProcessSettings,
  count: number,
): Promise<RunningNode> {
  const { clusterId, clusterSecret: secret } = master;
  const lost = master.lost ?? null;
  if (count === 0) return { stop: () => master.stop(), lost };
  const nodePort = await master.listenAlone();
  // Arguments can be read by every user of the machine; this file by its owner alone.
  const config = join(settings.dataDir, 'processes.json');
  const token = makeJoinToken({ clusterId, secret });
  writePrivateFile(config, `${JSON.stringify({ token })}\n`);
  const processes = new AggregatorProcesses(settings, { nodePort, config });
  await processes.start(count);
  return {
    lost,
    stop: async () => {
      await processes.stop();
      await master.stop();
    },
  };
}

/** Running until `stop`. */
class AggregatorProcesses {
  readonly #settings: ProcessSettings;
  readonly #join: { readonly nodePort: number; readonly config: string };
  readonly #children = new Map<number, ChildProcess>();
  #stopping = false;

  constructor(
    settings: ProcessSettings,
    join: { readonly nodePort: number; readonly config: string },
  ) {
    this.#settings = settings;
    this.#join = join;
  }

  async start(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => index + 2);
    await Promise.all(numbers.map((number) => this.#start(number)));
  }

  /** Resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ends = [...this.#children.values()].map(ended);
    for (const child of this.#children.values()) child.kill('SIGTERM');
    await Promise.all(ends);
  }

  async #start(number: number): Promise<void> {
    const child = spawn(process.execPath, [launcher, ...this.#args(number)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.#children.set(number, child);
    const ready = Promise.withResolvers<void>();
    child.stdout?.once('data', () => ready.resolve());
    child.once('exit', (code, signal) => {
      ready.resolve();
      this.#restart(number, String(code ?? signal));
    });
    await ready.promise;
  }

  #restart(number: number, ending: string): void {
    this.#children.delete(number);
    if (this.#stopping) return;
    this.#settings.logger.warn('a process of the aggregator has ended', { number, ending });
    realClock.after(restartMs, () => {
      if (!this.#stopping) void this.#start(number);
    });
  }

  #args(number: number): readonly string[] {
    const { dataDir, host, port, maxConnections, tls, logLevel } = this.#settings;
    const args = [
      ...['aggregator', '--data-dir', join(dataDir, `process-${number}`)],
      ...['--config', this.#join.config, '--host', host],
      ...['--port', String(port), '--share-port', 'yes'],
      ...['--join', `127.0.0.1:${this.#join.nodePort}`, '--log-level', logLevel],
    ];
    if (maxConnections !== undefined) args.push('--max-connections', String(maxConnections));
    if (tls != null) args.push('--tls-cert', tls.cert, '--tls-key', tls.key);
    if (tls?.ca != null) args.push('--tls-ca', tls.ca);
    return args;
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
