// Runs a compose file without a container engine: each service a process on a host of its own.
//
// The program is this checkout's instead of an image's; volumes are temporary directories.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { readCompose, type ComposeService } from './compose-file.ts';
import { ComposeNetwork } from './compose-network.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './wait.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const relayProgram = fileURLToPath(new URL('compose-relay.ts', import.meta.url));
/** The compose files' own password. */
const rootPassword = 'twinleaf';
const startMsMax = 60_000;
const stopMsMax = 10_000;

interface Running {
  readonly child: ChildProcess;
  readonly log: string[];
}

/** What the statements of `query` answer. */
type Rows = Record<string, unknown>[];

export class ComposeRun {
  readonly network: ComposeNetwork;
  readonly #directory: string;
  readonly #running = new Map<string, Running>();
  readonly #relays = new Map<string, Promise<string>>();
  readonly #t: ExecutionContext<unknown>;

  private constructor(t: ExecutionContext<unknown>, hosts: readonly string[]) {
    this.#t = t;
    this.#directory = temporaryDirectory(t);
    this.network = ComposeNetwork.make(t, hosts);
    t.teardown(() => this.#stop());
  }

  /**
   * Starts the files' services in their order, and `clients`, hosts where nothing runs. All are
   * gone when the test ends.
   */
  static async up(
    t: ExecutionContext<unknown>,
    files: readonly string[],
    options: {
      readonly clients?: readonly string[];
      readonly variables?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<ComposeRun> {
    const services = readCompose(files, options.variables);
    const hosts = [...services.map(({ name }) => name), ...(options.clients ?? [])];
    const run = new ComposeRun(t, hosts);
    for (const service of services) {
      for (const [name, mustBeHealthy] of service.dependsOn) {
        const other = services.find((each) => each.name === name);
        if (mustBeHealthy && other !== undefined) await run.#healthy(other);
      }
      run.#start(service);
    }
    await Promise.all(services.map((service) => run.#healthy(service)));
    return run;
  }

  /** The last lines of what a service wrote. */
  log(service: string): readonly string[] {
    return this.#running.get(service)?.log ?? [];
  }

  /** A connection as root from one host to `to`, at port 3306; closed with the test. */
  async connect(
    from: string,
    to: string,
    options: mysql.ConnectionOptions = {},
  ): Promise<mysql.Connection> {
    const relay = connect(await this.#relay(from));
    await once(relay, 'connect');
    relay.write(`${to} 3306\n`);
    const login = { user: 'root', password: rootPassword, ...options };
    // As a function it is called again by whoever cancels a query; nobody does here.
    const stream = (): Socket => relay;
    const connection = await mysql.createConnection({ ...login, stream } as never);
    connection.on('error', () => undefined);
    this.#t.teardown(() => connection.destroy());
    return connection;
  }

  /** Runs one statement by a connection of its own, from the service's own host by default. */
  async query(to: string, sql: string, from = to): Promise<Rows> {
    const connection = await this.connect(from, to);
    try {
      const [rows] = await connection.query(sql);
      return rows as Rows;
    } finally {
      connection.destroy();
    }
  }

  #start(service: ComposeService): void {
    const child = this.#spawn(service, [...service.entrypoint, ...service.command]);
    const log: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.push(line);
        if (log.length > 400) log.shift();
      });
    }
    this.#running.set(service.name, { child, log });
  }

  /** The service's own check; one that has none is asked for nothing but to have started. */
  async #healthy(service: ComposeService): Promise<void> {
    const { name, healthCheck } = service;
    const running = this.#running.get(name);
    const isReady = () => running?.log.some((line) => line.startsWith('ready')) === true;
    const ended = () => running?.child.exitCode !== null || running.child.signalCode !== null;
    await until(`${name} to start`, () => isReady() || ended(), startMsMax);
    if (ended()) throw new Error(`${name} ended:\n${this.log(name).join('\n')}`);
    if (healthCheck === null) return;
    await until(
      `${name} to be healthy`,
      async () => {
        const check = this.#spawn(service, ['sh', '-c', healthCheck]);
        let said = '';
        check.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const [status] = (await once(check, 'close')) as [number | null];
        if (status === 0) return true;
        throw new Error(said);
      },
      startMsMax,
    );
  }

  #spawn(service: ComposeService, words: readonly string[]): ChildProcess {
    const sysctls = Object.entries(service.sysctls).map(
      ([key, value]) => `echo ${value} > /proc/sys/${key.replaceAll('.', '/')} && `,
    );
    const [command, ...args] = this.network.command(service.name, [
      'sh',
      '-c',
      `${sysctls.join('')}exec "$0" "$@"`,
      ...words.map((word) => this.#placed(word, service)),
    ]);
    const environment = Object.entries(service.environment).map(
      ([key, value]) => [key, this.#placed(value, service)] as const,
    );
    const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    return spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: checkout,
      env: { PATH: path, ...Object.fromEntries(environment) },
    });
  }

  /** The text with the paths of the container as those of this machine. */
  #placed(text: string, service: ComposeService): string {
    const places = new Map([['/opt/twinleaf', checkout]]);
    for (const [target, source] of service.volumes) places.set(target, this.#volume(source));
    const paths = [...places.keys()].join('|');
    const pattern = new RegExp(`(?<![\\w/.-])(${paths})(?![\\w.-])`, 'g');
    return text.replace(pattern, (path) => places.get(path) ?? path);
  }

  #volume(source: string): string {
    if (source.startsWith('/')) return source;
    const path = join(this.#directory, 'volumes', source);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Starts the host's relay when it is first needed; answers its Unix socket. */
  #relay(host: string): Promise<string> {
    let relay = this.#relays.get(host);
    if (relay === undefined) {
      relay = this.#startRelay(host);
      this.#relays.set(host, relay);
    }
    return relay;
  }

  async #startRelay(host: string): Promise<string> {
    const path = join(this.#directory, `${host}.sock`);
    const [command, ...args] = this.network.command(host, [process.execPath, relayProgram, path]);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running.set(`relay at ${host}`, { child, log: [] });
    await once(child.stdout, 'data');
    return path;
  }

  async #stop(): Promise<void> {
    const children = [...this.#running.values()].map(({ child }) => child);
    await Promise.all(children.map(stop));
  }
}

/** Ends it as a container engine does: a word, then by force. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await closed;
  clearTimeout(force);
}
