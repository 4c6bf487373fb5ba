// The file of a UNIX socket, by which clients of this machine reach the front door.

import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/** What the system takes for a socket's name, in bytes. */
const PATH_BYTES_MAX = 107;

/** Nothing listens at that socket. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(path: string, reason: string) {
    super(`cannot listen on the socket ${path}: ${reason}`);
  }
}

/**
 * Makes room for a socket at `path`: takes away what a server that was killed has left. Rejects
 * with ListenError where something else is there, or a server that is alive.
 */
export async function makeRoom(path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new ListenError(path, `its name is longer than ${PATH_BYTES_MAX} bytes`);
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ListenError(path, 'there is a file that is no socket');
  if (await isAlive(path)) throw new ListenError(path, 'another process listens there');
  unlinkSync(path);
}

/** Does anybody take connections there? */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const answer = (alive: boolean): void => {
      probe.destroy();
      resolve(alive);
    };
    probe.once('connect', () => answer(true));
    probe.once('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED'));
  });
}
