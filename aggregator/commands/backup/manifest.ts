// The manifest of a backup: what it holds, and the seal of every file. Written last.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { decode, encode } from '#shared/codec.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { systemCode } from './backup-error.ts';
import type { FileSeal } from './chunk-file.ts';

/** Raised by every change that an older version could not restore. */
const FORMAT = 1;
export const manifestName = 'manifest.json';

export interface PartitionBackup {
  readonly ordinal: number;
  readonly snapshot: {
    readonly seal: FileSeal;
    /** Unpacked. */
    readonly bytesTotal: number;
  };
  /** Where the snapshot ends and the log begins. */
  readonly position: Position;
  readonly log: FileSeal;
  /** The last record of the log that belongs to the backup. */
  readonly lastLsn: LSN;
}

export interface Manifest {
  readonly version: string;
  readonly clusterId: string;
  /** Milliseconds since 1970 at which its cut was made. */
  readonly takenAtMs: number;
  readonly database: DatabaseDefinition;
  /** The next AUTO_INCREMENT number by table id. */
  readonly sequences: ReadonlyMap<number, bigint>;
  readonly partitions: readonly PartitionBackup[];
}

/** The name of a partition's file in the directory of a backup. */
export function backupFileName(ordinal: number, what: 'snapshot' | 'log'): string {
  const place = ordinal === REFERENCE_ORDINAL ? 'reference' : String(ordinal);
  return `${place}.${what === 'snapshot' ? 'sqlite' : 'log'}.zst`;
}

/** The file's text: for people to read, sealed by its own checksum. */
export function printManifest(manifest: Manifest): string {
  const { database, takenAtMs, sequences, partitions, ...rest } = manifest;
  const body = {
    format: FORMAT,
    ...rest,
    takenAt: new Date(takenAtMs).toISOString(),
    databaseName: database.name,
    tables: Object.keys(database.tables),
    sequences: Object.fromEntries([...sequences].map(([id, next]) => [id, String(next)])),
    partitions: partitions.map(printPartition),
    definition: Buffer.from(encode(database)).toString('base64'),
  };
  return `${JSON.stringify({ ...body, checksum: digest(body) }, null, 2)}\n`;
}

/**
 * Reads a backup's manifest. Throws invalidRestorePath where there is none, backupNewer, or
 * backupDamaged.
 */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, manifestName);
  const damaged = (reason: string, cause?: unknown) =>
    databaseError('backupDamaged', { path, reason }, cause);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw damaged('it cannot be read', error);
    const reason = `it has no ${manifestName}: it is no backup, or one that was never finished`;
    throw databaseError('invalidRestorePath', { path: directory, reason }, error);
  }
  try {
    const { checksum, ...body } = JSON.parse(text) as PrintedManifest & { checksum: string };
    if (typeof body.format === 'number' && body.format > FORMAT) {
      throw databaseError('backupNewer', { path: directory, version: String(body.version) });
    }
    if (checksum === digest(body)) return parseBody(body);
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('it is cut off', error);
    throw error;
  }
  throw damaged('its checksum is another');
}

type PrintedManifest = {
  readonly format: number;
  readonly version: string;
  readonly clusterId: string;
  readonly takenAt: string;
  readonly sequences: Readonly<Record<string, string>>;
  readonly partitions: readonly ReturnType<typeof printPartition>[];
  readonly definition: string;
};

/** Its checksum has shown that it is as it was printed. */
function parseBody(body: PrintedManifest): Manifest {
  const { version, clusterId, takenAt, sequences, partitions, definition } = body;
  return {
    version,
    clusterId,
    takenAtMs: Date.parse(takenAt),
    database: decode(Buffer.from(definition, 'base64')) as DatabaseDefinition,
    sequences: new Map(Object.entries(sequences).map(([id, next]) => [Number(id), BigInt(next)])),
    partitions: partitions.map(parsePartition),
  };
}

function printPartition({ ordinal, snapshot, position, log, lastLsn }: PartitionBackup) {
  return {
    ordinal,
    snapshot,
    term: position.term,
    lsn: String(position.lsn),
    logHash: Buffer.from(position.logHash).toString('hex'),
    log,
    lastLsn: String(lastLsn),
  };
}

function parsePartition(printed: ReturnType<typeof printPartition>): PartitionBackup {
  const { ordinal, snapshot, term, lsn, logHash, log, lastLsn } = printed;
  const position = {
    term,
    lsn: BigInt(lsn),
    logHash: new Uint8Array(Buffer.from(logHash, 'hex')),
  };
  return { ordinal, snapshot, position, log, lastLsn: BigInt(lastLsn) };
}

function digest(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
