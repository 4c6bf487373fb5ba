// FLUSH TABLES WITH READ ONLY and UNLOCK TABLES: the write fence of a planned switch.

import type { WriteFence } from '#aggregator/cluster/write-fence.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { ok } from '#aggregator/statement-result.ts';

/** The family of these commands. */
export function fenceCommands(fence: WriteFence): CommandTable {
  const raise: Command<'flushReadOnly'> = async (_context, session) => {
    const seconds = Number(session.variables.get('session', 'lock_wait_timeout'));
    await fence.raise(session, Math.min(seconds * 1000, waitMsMax));
    return ok();
  };
  const lift: Command<'unlockTables'> = async (_context, session) => {
    await fence.lift(session);
    return ok();
  };
  return { flushReadOnly: raise, unlockTables: lift };
}

/** MySQL's default of lock_wait_timeout is a year. */
const waitMsMax = 50_000;
