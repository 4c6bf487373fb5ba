// A real node of a cluster: `twinleaf …` as a process that can be killed and started again.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../cli/twinleaf.js', import.meta.url));

export class NodeProcess {
  readonly args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  /** The last lines of standard error, for a failure's message. */
  readonly log: string[] = [];

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.args = args;
    this.#env = env;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the process is not running');
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the process has ended, whoever ended it. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== null && this.isRunning) await once(child, 'close');
  }

  /**
   * Starts it and waits for its `ready …` line, which is returned. `env` is added to its
   * environment for this start alone.
   */
  async start(env: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = spawn(process.execPath, [launcher, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env, ...env },
    });
    this.#child = child;
    this.#keepLog(child);
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('ready')) return line;
    }
    throw new Error(`twinleaf ${this.args.join(' ')} ended:\n${this.log.join('\n')}`);
  }

  #keepLog(child: ChildProcess): void {
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > 400) this.log.shift();
    });
  }

  /** Sends the signal and waits for the end. Harmless when it has ended already. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === null || !this.isRunning) return child?.exitCode ?? null;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
    return child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}
