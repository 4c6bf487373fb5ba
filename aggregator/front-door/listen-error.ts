// Why clients of this machine cannot be reached by a UNIX socket.

/** Nothing listens at that socket. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(path: string, reason: string) {
    super(`cannot listen on the socket ${path}: ${reason}`);
  }
}
