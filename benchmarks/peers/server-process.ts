// A server as a process of a run: started, waited for, asked what it costs, and stopped.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { realClock } from '#shared/clock.ts';

/** A server that has not stopped by itself after this long is killed. */
const STOP_MS_MAX = 30_000;

/** Characters of the log that are shown when a server does not start. */
const LOG_TAIL = 2000;

export interface ProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Its standard error goes there, and its standard output unless `readyPrefix` is given. */
  readonly logPath: string;
  /** The line of standard output that says that it takes connections begins with this. */
  readonly readyPrefix?: string;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;

  private constructor(options: ProcessOptions) {
    this.#options = options;
    this.#child = spawn(options.program, options.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (): unknown => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    this.#child.once('exit', () => process.off('exit', kill));
    const log = createWriteStream(options.logPath);
    this.#child.stderr?.pipe(log);
    if (options.readyPrefix === undefined) this.#child.stdout?.pipe(log, { end: false });
  }

  /** Starts it; with `readyPrefix`, resolves at that line. */
  static async start(options: ProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    if (options.readyPrefix !== undefined) await server.#waitReady(options.readyPrefix);
    return server;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#options.name} is not running`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Throws, with the end of its log, when it has ended. */
  assertRunning(): void {
    if (this.isRunning) return;
    const log = readFileSync(this.#options.logPath, 'utf8').slice(-LOG_TAIL);
    throw new Error(`${this.#options.name} has ended:\n${log}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM (or another signal), and SIGKILL for one that does not listen. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    const timer = realClock.after(STOP_MS_MAX, () => this.#child.kill('SIGKILL'));
    await exited;
    timer.cancel();
  }

  async #waitReady(prefix: string): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error(`${this.#options.name} has no output`);
    for await (const line of createInterface({ input: stdout })) {
      if (!line.startsWith(prefix)) continue;
      stdout.resume();
      return;
    }
    await once(this.#child, 'close');
    this.assertRunning();
  }
}
