// What an aggregator does again and again beside its clients: settles what stays in doubt.

import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import { keepRunning, type KeptRunning } from '#shared/service.ts';
import { RECOVERY_INTERVAL_MS, type InDoubtRecovery } from './transaction/resolve-in-doubt.ts';

/** A recovery that runs at its interval, and at once when it is woken. */
export interface RunningRecovery {
  /** A leaf is back: what it holds in doubt is looked at now. */
  wake(): void;
  stop(): Promise<void>;
}

/** Starts it: the first round is now. */
export function startRecovery(
  recovery: InDoubtRecovery,
  parts: { readonly clock: Clock; readonly logger: Logger },
): RunningRecovery {
  const { clock, logger } = parts;
  let woken = Promise.withResolvers<void>();
  const loop: KeptRunning = keepRunning({
    clock,
    backoffMinMs: 1,
    backoffMaxMs: 1,
    onFailure: (error) => logger.error('recovery of transactions in doubt failed', {}, error),
    async run(signal) {
      woken = Promise.withResolvers<void>();
      await recovery.run();
      const interval = clock.sleep(RECOVERY_INTERVAL_MS, signal);
      await Promise.race([interval, woken.promise]);
    },
  });
  return {
    wake: () => woken.resolve(),
    stop: () => loop.stop(),
  };
}
