// Who a node is, across its restarts: the id that the cluster gave it, and which cluster that is.

import { join } from 'node:path';
import { databaseError } from './error.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

export interface NodeIdentity {
  readonly clusterId: string;
  /** 0 until the cluster has taken the node in. */
  readonly nodeId: number;
}

const fileName = 'node.json';

/** The identity in the data directory, or null at the first start. */
function readNodeIdentity(dataDir: string): NodeIdentity | null {
  const path = join(dataDir, fileName);
  const text = readPrivateFile(path);
  if (text === null) return null;
  try {
    const { clusterId, nodeId } = JSON.parse(text) as Record<string, unknown>;
    if (typeof clusterId === 'string' && typeof nodeId === 'number') return { clusterId, nodeId };
  } catch {
    // Said below, as for any other content that is none.
  }
  throw databaseError('internal', { reason: `${path} is damaged` });
}

/** Keeps the identity durably. */
export function writeNodeIdentity(dataDir: string, identity: NodeIdentity): void {
  writePrivateFile(join(dataDir, fileName), `${JSON.stringify(identity)}\n`);
}

/**
 * The identity for a node of this cluster. Throws nodeRefused when the directory holds the data
 * of another cluster's node.
 */
export function openNodeIdentity(dataDir: string, clusterId: string): NodeIdentity {
  const known = readNodeIdentity(dataDir);
  if (known !== null && known.clusterId !== clusterId) {
    const reason = `${dataDir} holds a node of cluster ${known.clusterId}, not of ${clusterId}`;
    throw databaseError('nodeRefused', { reason });
  }
  return known ?? { clusterId, nodeId: 0 };
}
