// What a partition is, in a small file beside its SQLite file: known even when that is damaged.
//
// Invariant: it never says `secondary` or `replica` of a partition that may be a primary, for it
// decides whether a damaged copy may be thrown away.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '#leaf/log/durable-file.ts';
import type { Durability } from '#shared/cluster/topology.ts';
import type { PartitionRole } from './partition-options.ts';

export interface Identity {
  readonly role: PartitionRole;
  readonly durability: Durability;
  /** The id of the cluster whose changes it makes. */
  readonly origin: string;
}

/** Beside the partition's SQLite file. */
function identityPath(file: string): string {
  return join(dirname(file), 'identity.json');
}

/** What is written beside this SQLite file; null when nobody can tell. */
export function readIdentity(file: string): Identity | null {
  try {
    const value: unknown = JSON.parse(readFileSync(identityPath(file), 'utf8'));
    return isIdentity(value) ? value : null;
  } catch {
    return null;
  }
}

/** Writes it down, durably, unless it stands there already. */
export async function writeIdentity(
  file: string,
  { role, durability, origin }: Identity,
): Promise<void> {
  const known = readIdentity(file);
  const same = known?.role === role && known.durability === durability && known.origin === origin;
  if (same) return;
  const text = JSON.stringify({ role, durability, origin });
  await replaceFile(identityPath(file), Buffer.from(`${text}\n`));
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const { role, durability, origin } = value as Partial<Record<keyof Identity, unknown>>;
  const known = role === 'primary' || role === 'secondary' || role === 'replica';
  return known && (durability === 'sync' || durability === 'async') && typeof origin === 'string';
}
