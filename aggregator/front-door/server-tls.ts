// The certificate with which clients' connections are encrypted: read from files, and read again
// when told to.

import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { databaseError } from '#shared/error.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, and behind it those that lead to a root the clients know. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients; null: they are not asked for any. */
  readonly ca: string | null;
}

export class ServerTls {
  readonly files: TlsFiles;
  #context: SecureContext;

  /** Throws tlsFilesUnusable. */
  constructor(files: TlsFiles) {
    this.files = files;
    this.#context = readContext(files);
  }

  /** For one connection. A client without a certificate may come in, to accounts that need none. */
  get socketOptions(): TLSSocketOptions {
    return {
      isServer: true,
      secureContext: this.#context,
      requestCert: this.files.ca !== null,
      rejectUnauthorized: false,
    };
  }

  /** Later connections get what the files hold now; throws tlsFilesUnusable and keeps the old. */
  reload(): void {
    this.#context = readContext(this.files);
  }
}

function readContext({ cert, key, ca }: TlsFiles): SecureContext {
  try {
    return createSecureContext({
      cert: readFileSync(cert),
      key: readFileSync(key),
      ...(ca === null ? {} : { ca: readFileSync(ca) }),
      minVersion: 'TLSv1.2',
    });
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
