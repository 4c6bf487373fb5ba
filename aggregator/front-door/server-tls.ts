// The certificate with which clients' connections are encrypted: read from files, and read again
// when told to.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { databaseError } from '#shared/error.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, and behind it those that lead to a root the clients know. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients; null: they are not asked for any. */
  readonly ca: string | null;
}

/** It listens nowhere: connections are given to it once their clients ask for TLS. */
export class ServerTls {
  readonly files: TlsFiles;
  readonly #server: Server;
  /** Handshakes that go on, by the addresses of both ends. */
  readonly #waiting = new Map<string, (secured: TLSSocket | null) => void>();

  /** Throws tlsFilesUnusable. */
  constructor(files: TlsFiles) {
    this.files = files;
    this.#server = usable(() =>
      createServer({
        ...readFiles(files),
        requestCert: files.ca !== null,
        // A client without a certificate may come in, to accounts that need none.
        rejectUnauthorized: false,
      }),
    );
    this.#server.on('secureConnection', (secured) => this.#waiting.get(ends(secured))?.(secured));
    // Its connection is closed, which says enough.
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Later connections get what the files hold now; throws tlsFilesUnusable and keeps the old. */
  reload(): void {
    usable(() => this.#server.setSecureContext(readFiles(this.files)));
  }

  /** The client's connection through TLS; null when they do not agree. */
  async secure(plain: Socket): Promise<TLSSocket | null> {
    const key = ends(plain);
    const { promise, resolve } = Promise.withResolvers<TLSSocket | null>();
    this.#waiting.set(key, resolve);
    plain.once('close', () => resolve(null));
    this.#server.emit('connection', plain);
    const secured = await promise;
    this.#waiting.delete(key);
    return secured;
  }
}

function ends(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function readFiles({ cert, key, ca }: TlsFiles): SecureContextOptions {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(ca === null ? {} : { ca: readFileSync(ca) }),
    minVersion: 'TLSv1.2',
  };
}

function usable<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw databaseError('tlsFilesUnusable', { reason }, cause);
  }
}

/** Null where no certificate is wanted. Throws tlsFilesUnusable. */
export function openTls(files: TlsFiles | null | undefined): ServerTls | null {
  return files === null || files === undefined ? null : new ServerTls(files);
}

/** ALTER INSTANCE RELOAD TLS. Throws tlsNotConfigured or tlsFilesUnusable. */
export function reloadTls(tls: ServerTls | null): void {
  if (tls === null) throw databaseError('tlsNotConfigured', {});
  tls.reload();
}
