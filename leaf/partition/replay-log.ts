// Replays a log into a file, in turns: the other partitions of the leaf go on.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Log } from '#leaf/log/log.ts';
import { applyFromInTurns, isPlace } from './apply-from.ts';
import { Replay } from './replay.ts';
import type { StateFile } from './state-file.ts';
import type { Verdicts } from './verdicts.ts';

/** Records are replayed for so long before others on the event loop get a turn. */
const REPLAY_MS_MAX = 10;
/** Records replayed in one SQLite transaction. */
const REPLAY_RECORDS_PER_COMMIT = 1000;

export interface ReplayedLog {
  readonly name: string;
  readonly file: StateFile;
  readonly log: Log;
  readonly verdicts: Verdicts;
  readonly clock: Clock;
  /** The last record that is replayed; to the log's end unless it is given. */
  readonly last?: LSN;
}

/** Replays what the file lacks, and commits it. */
export async function replayLog(target: ReplayedLog): Promise<Replay> {
  const { file, log, name, clock, last = log.tail.lsn } = target;
  const replay = new Replay(target);
  const applying = { connection: file.connection, partition: name, clock };
  let count = 0;
  let turnMs = clock.monotonicMs();
  try {
    for await (const item of log.reader.recordsInTurns(file.meta.applied)) {
      const { record, changes } = 'changes' in item ? item : { record: item, changes: null };
      if (record.lsn > last) break;
      if (!file.inTransaction) file.begin(false);
      const rows = record.payload.kind === 'rows' ? changes : replay.changesOf(record);
      const isLong = isPlace(rows);
      if (isLong) await applyFromInTurns(applying, rows);
      replay.apply(record, isLong, changes);
      count += 1;
      if (clock.monotonicMs() - turnMs > REPLAY_MS_MAX) {
        await yieldToOthers();
        turnMs = clock.monotonicMs();
      }
      if (count % REPLAY_RECORDS_PER_COMMIT !== 0) continue;
      replay.finish();
      file.commit();
    }
    if (file.inTransaction) {
      replay.finish();
      file.commit();
    }
    return replay;
  } catch (error) {
    file.rollback();
    throw error;
  }
}
