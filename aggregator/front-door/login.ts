// From a login packet to an account: the exchange with the client until it is proven, or not.

import { databaseError } from '#shared/error.ts';
import type { AccountDefinition, PasswordVerifiers } from '#aggregator/metadata/account.ts';
import { isEmpty, isProven, pluginNamed, usablePlugin } from './authentication.ts';
import { writeAuthSwitch, writeFastAuthSuccess, type Login } from './handshake.ts';
import type { PacketStream } from './packet-stream.ts';

/** The accounts that may log in (metadata/accounts.ts). */
export interface AccountDirectory {
  /** The account that a client of that name and address is, or null. */
  match(user: string, host: string): AccountDefinition | null;
}

/** The verifiers of nobody: no token proves them. */
const nobody: PasswordVerifiers = { sha1: new Uint8Array(20), sha256: new Uint8Array(32) };

export interface LoginExchange {
  readonly stream: PacketStream;
  readonly accounts: AccountDirectory;
  readonly login: Login;
  readonly nonce: Buffer;
  /** The client's address, without its port. */
  readonly host: string;
}

/**
 * The account behind the login. Throws accessDenied, the same way for an unknown user and a wrong
 * password; null when the client has gone. What a client sends before it is let in, besides what
 * it was asked for, ends the connection unread.
 */
export async function authenticate(exchange: LoginExchange): Promise<AccountDefinition | null> {
  const { stream, login, host } = exchange;
  refuseEarlyBytes(stream);
  const account = exchange.accounts.match(login.user, host);
  const verifiers = account === null ? nobody : account.verifiers;
  const opened = pluginNamed(login.plugin);
  const plugin = usablePlugin(verifiers, opened);
  let { token } = login;
  if (plugin !== opened) {
    const switched = await switchPlugin(exchange, plugin);
    if (switched === null) return null;
    token = switched;
  }
  const proven = isProven(verifiers, { plugin, token, nonce: exchange.nonce });
  if (!proven || account === null || account.locked) {
    const usingPassword = token.length > 0 ? 'YES' : 'NO';
    throw databaseError('accessDenied', { user: login.user, host, usingPassword });
  }
  if (plugin === 'caching_sha2_password' && !isEmpty(verifiers)) {
    writeFastAuthSuccess(stream.writer);
  }
  return account;
}

async function switchPlugin(
  exchange: LoginExchange,
  plugin: Parameters<typeof writeAuthSwitch>[1],
): Promise<Buffer | null> {
  const { stream } = exchange;
  writeAuthSwitch(stream.writer, plugin, exchange.nonce);
  await stream.flush();
  const packet = await stream.next();
  if (packet === null) return null;
  refuseEarlyBytes(stream);
  stream.writer.sequence = (packet.sequence + 1) & 0xff;
  return Buffer.from(packet.payload);
}

function refuseEarlyBytes(stream: PacketStream): void {
  if (stream.reader.pendingBytes > 0) throw databaseError('handshakeError', {});
}
