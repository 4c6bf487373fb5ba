// What the demo says: redrawn in place on a terminal, as plain lines now and then elsewhere.

import type { Clock } from '#shared/clock.ts';

/** Without a terminal, a line that changes is written at most this often, in milliseconds. */
const plainIntervalMs = 2000;
const barWidth = 32;
const unknownWidth = 80;

export class Screen {
  readonly #clock: Clock;
  readonly #isTerminal: boolean;
  #live = false;
  #plainAtMs = -plainIntervalMs;
  #plainLabel = '';

  constructor(clock: Clock, isTerminal: boolean) {
    this.#clock = clock;
    this.#isTerminal = isTerminal;
  }

  /** A line that stays. */
  say(line = ''): void {
    this.settle();
    process.stdout.write(`${line}\n`);
  }

  /** A line that the next one of its label replaces. */
  update(label: string, line: string): void {
    if (this.#isTerminal) {
      // A terminal that does not tell its width says 0.
      const width = process.stdout.columns || unknownWidth;
      process.stdout.write(`\r\u001b[2K${`  ${line}`.slice(0, width - 1)}`);
      this.#live = true;
      return;
    }
    const now = this.#clock.monotonicMs();
    if (label === this.#plainLabel && now - this.#plainAtMs < plainIntervalMs) return;
    this.#plainAtMs = now;
    this.#plainLabel = label;
    process.stdout.write(`  ${line}\n`);
  }

  /** Keeps the line that is being redrawn. */
  settle(): void {
    if (this.#live) process.stdout.write('\n');
    this.#live = false;
    this.#plainLabel = '';
  }
}

/** `[#####·····]  50 %` for a part of a whole. */
export function progressBar(done: number, total: number): string {
  const part = total <= 0 ? 0 : Math.min(1, done / total);
  const filled = Math.round(part * barWidth);
  const percent = String(Math.floor(part * 100)).padStart(3);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${percent} %`;
}

/** Bytes in the unit that suits them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
