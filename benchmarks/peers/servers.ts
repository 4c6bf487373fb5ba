// The servers that workloads are run against, by name.

import { startMariadb } from './mariadb.ts';
import type { DatabaseServer } from './database-server.ts';
import { startSockets } from './sockets.ts';
import { startEmbedded, startSeparate } from './twinleaf.ts';

type Start = (profileDirectory: string | null) => Promise<DatabaseServer>;

const starts: Readonly<Record<string, Start>> = {
  mariadb: () => startMariadb(),
  'mariadb-binlog': () => startMariadb({ name: 'mariadb-binlog', binaryLog: true }),
  sockets: () => startSockets(),
  twinleaf: (profileDirectory) => startEmbedded({ profileDirectory }),
  'twinleaf-1-leaf': (profileDirectory) =>
    startEmbedded({ name: 'twinleaf-1-leaf', leaves: 1, profileDirectory }),
  'twinleaf-separate': (profileDirectory) =>
    startSeparate({ name: 'twinleaf-separate', profileDirectory }),
};

/**
 * `twinleaf@DIR`, `twinleaf-separate@DIR`: Twinleaf as the checkout in DIR has it, to measure a
 * change against what was.
 */
const OTHER_TREE = /^twinleaf(-separate)?@(.+)$/;

function startOf(name: string): Start | undefined {
  const [, separate, tree] = OTHER_TREE.exec(name) ?? [];
  if (tree === undefined) return starts[name];
  const start = separate === undefined ? startEmbedded : startSeparate;
  return (profileDirectory) => start({ name, tree, profileDirectory });
}

/** Starts them one after another; when one fails, none is left. Throws for an unknown name. */
export async function startServers(
  names: readonly string[],
  profileDirectory: string | null,
): Promise<DatabaseServer[]> {
  for (const name of names) {
    if (startOf(name) !== undefined) continue;
    throw new Error(`there is no server ${name}; there are ${Object.keys(starts).join(', ')}`);
  }
  const servers: DatabaseServer[] = [];
  try {
    for (const name of names) {
      const start = startOf(name);
      if (start !== undefined) servers.push(await start(profileDirectory));
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}
