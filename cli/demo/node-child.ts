// A node of the demo as a process of its own, which never outlives the demo.

import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CommandError } from '#cli/failure.ts';
import { realClock } from '#shared/clock.ts';

/** A node that has not stopped by itself after this long is killed, in milliseconds. */
const stopTimeoutMs = 15_000;

const launcher = fileURLToPath(new URL('../twinleaf.js', import.meta.url));

/**
 * Invariant: the channel between demo and node is open as long as both live; a node stops when
 * it closes. A process group of its own keeps Ctrl-C for the demo alone, which stops all in order.
 */
export class NodeChild {
  readonly #child: ChildProcess;
  readonly #name: string;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
  }

  /** Starts `twinleaf …args`, its log in a file, and waits for `ready`. Throws CommandError. */
  static async start(name: string, args: readonly string[], logPath: string): Promise<NodeChild> {
    const child = spawn(process.execPath, [launcher, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    child.stderr?.pipe(createWriteStream(logPath));
    const node = new NodeChild(name, child);
    try {
      await node.#ready(logPath);
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** SIGTERM, and SIGKILL for one that does not listen. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = realClock.after(stopTimeoutMs, () => this.#child.kill('SIGKILL'));
    await exited;
    timer.cancel();
  }

  async #ready(logPath: string): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw new CommandError(`${this.#name} has no output`);
    for await (const line of createInterface({ input: stdout })) {
      if (line.startsWith('ready')) {
        stdout.resume();
        return;
      }
    }
    throw new CommandError(`${this.#name} did not start; its log is ${logPath}`);
  }
}
