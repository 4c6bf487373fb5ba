// How far the secondary has come, as information_schema tells it, summed over its links.

import type { Connection } from 'mysql2/promise';

const bytesPerMb = 1024 * 1024;

export interface ReplicationProgress {
  readonly links: number;
  /** Links that follow the log: their initial copy is done. */
  readonly streaming: number;
  readonly snapshotBytesDone: number;
  readonly snapshotBytesTotal: number;
  /** Null while a link does not hear its primary, and knows of nothing that is missing. */
  readonly lagRecords: number | null;
  readonly lagBytes: number;
  /** Of the link that is furthest behind, in milliseconds. */
  readonly lagMs: number;
  /** The first link's error, or ''. */
  readonly error: string;
}

const sql = `
  SELECT SECONDARY_STATE, LSN_LAG, VOLUME_LAG_MB, TIME_LAG_S, SNAPSHOT_DONE_MB, SNAPSHOT_TOTAL_MB,
    LAST_ERROR
  FROM information_schema.MV_REPLICATION_STATUS WHERE IS_DR = 1`;

/** Asks the secondary's aggregator, which asks its leaves. */
export async function readReplicationProgress(
  connection: Connection,
): Promise<ReplicationProgress> {
  const [rows] = await connection.query(sql);
  const links = rows as Readonly<Record<string, unknown>>[];
  const sum = (column: string) => links.reduce((all, link) => all + Number(link[column] ?? 0), 0);
  return {
    links: links.length,
    streaming: links.filter((link) => link['SECONDARY_STATE'] === 'replicating').length,
    snapshotBytesDone: Math.round(sum('SNAPSHOT_DONE_MB') * bytesPerMb),
    snapshotBytesTotal: Math.round(sum('SNAPSHOT_TOTAL_MB') * bytesPerMb),
    lagRecords: links.some((link) => link['LSN_LAG'] === null) ? null : sum('LSN_LAG'),
    lagBytes: Math.round(sum('VOLUME_LAG_MB') * bytesPerMb),
    lagMs: Math.round(Math.max(0, ...links.map((link) => Number(link['TIME_LAG_S']) * 1000))),
    error: String(links.find((link) => link['LAST_ERROR'] !== '')?.['LAST_ERROR'] ?? ''),
  };
}
