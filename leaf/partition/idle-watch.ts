// Looks for idle transactions from time to time, as long as there are any.

import type { PartitionEnvironment } from './partition-options.ts';

export class IdleWatch {
  #environment: PartitionEnvironment;
  #look: (usedBeforeMs: number) => boolean;
  #watching = false;

  /** `look` rolls back what was last used before then; answers whether there is more to watch. */
  constructor(environment: PartitionEnvironment, look: (usedBeforeMs: number) => boolean) {
    this.#environment = environment;
    this.#look = look;
  }

  start(): void {
    if (this.#watching) return;
    this.#watching = true;
    const { clock, idleTransactionMsMax } = this.#environment;
    clock.after(idleTransactionMsMax / 2, () => {
      this.#watching = false;
      if (this.#look(clock.monotonicMs() - idleTransactionMsMax)) this.start();
    });
  }
}
