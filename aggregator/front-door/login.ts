// From a login packet to an account: the exchange with the client until it is proven, or not.

import type { TLSSocket } from 'node:tls';
import { databaseError } from '#shared/error.ts';
import type { AccountDefinition, PasswordVerifiers } from '#aggregator/metadata/account.ts';
import { isEmpty, isProven, pluginNamed, usablePlugin } from './authentication.ts';
import { capability, has } from './capabilities.ts';
import { withoutZero, type FullAuthentication } from './full-authentication.ts';
import {
  writeAuthSwitch,
  writeFastAuthSuccess,
  writeFullAuthRequest,
  writePublicKey,
  type Login,
  type PluginName,
} from './handshake.ts';
import type { PacketStream } from './packet-stream.ts';

/** The accounts that may log in (metadata/accounts.ts). */
export interface AccountDirectory {
  /** The account that a client of that name and address is, or null. */
  match(user: string, host: string): AccountDefinition | null;
  /** Verifiers that nothing proves, for an unknown user: of the same kinds as some account's. */
  decoy(user: string): PasswordVerifiers;
}

export interface LoginExchange {
  readonly stream: PacketStream;
  readonly accounts: AccountDirectory;
  readonly login: Login;
  readonly nonce: Buffer;
  /** The client's address, without its port. */
  readonly host: string;
  /** Null on a connection that is not encrypted. */
  readonly tls: TLSSocket | null;
  /** By a UNIX socket, which nobody else reads either. */
  readonly isLocal: boolean;
  readonly full: FullAuthentication;
}

/** Asks for the password itself, as a client of caching_sha2_password understands it. */
const PUBLIC_KEY_REQUEST = 0x02;

/**
 * The account behind the login. Throws accessDenied, the same way for an unknown user and a wrong
 * password; null when the client has gone. What a client sends before it is let in, besides what
 * it was asked for, ends the connection unread.
 */
export async function authenticate(exchange: LoginExchange): Promise<AccountDefinition | null> {
  const { stream, login, host, accounts } = exchange;
  refuseEarlyBytes(stream);
  const account = accounts.match(login.user, host);
  const verifiers = withSeenPassword(exchange, account?.verifiers ?? accounts.decoy(login.user));
  const opened = pluginNamed(login.plugin);
  const plugin = usablePlugin(verifiers, opened);
  let { token } = login;
  if (plugin !== opened) {
    writeAuthSwitch(stream.writer, plugin, exchange.nonce);
    const switched = await answer(stream);
    if (switched === null) return null;
    token = switched;
  }
  const proven = needsPassword(verifiers, plugin, token)
    ? await provePassword(exchange, account, verifiers)
    : proveToken(exchange, verifiers, { plugin, token });
  if (proven === null) return null;
  if (!proven || account === null || !isSecureEnough(account, exchange.tls)) {
    const usingPassword = token.length > 0 ? 'YES' : 'NO';
    throw databaseError('accessDenied', { user: login.user, host, usingPassword });
  }
  checkAccount(account, exchange);
  return account;
}

/** A password that was seen behind a `$A$…` hash is proven by a token from then on. */
function withSeenPassword(
  { full }: LoginExchange,
  verifiers: PasswordVerifiers,
): PasswordVerifiers {
  if (verifiers.crypt === null) return verifiers;
  return { ...verifiers, sha256: full.verifierOf(verifiers.crypt) };
}

/** No password at all is never asked for twice. */
function needsPassword(verifiers: PasswordVerifiers, plugin: PluginName, token: Buffer): boolean {
  if (plugin !== 'caching_sha2_password' || verifiers.crypt === null) return false;
  return verifiers.sha256 === null && token.length > 1;
}

function proveToken(
  { stream, nonce }: LoginExchange,
  verifiers: PasswordVerifiers,
  { plugin, token }: { readonly plugin: PluginName; readonly token: Buffer },
): boolean {
  if (!isProven(verifiers, { plugin, token, nonce })) return false;
  if (plugin === 'caching_sha2_password' && !isEmpty(verifiers)) {
    writeFastAuthSuccess(stream.writer);
  }
  return true;
}

/**
 * The password itself: as it is where nobody else reads it, else encrypted, which a client on a
 * UNIX socket may ask for, too. Null when the client has gone.
 */
async function provePassword(
  exchange: LoginExchange,
  account: AccountDefinition | null,
  verifiers: PasswordVerifiers,
): Promise<boolean | null> {
  const { stream, tls, isLocal, full, nonce } = exchange;
  let isEncrypted = tls === null && !isLocal;
  writeFullAuthRequest(stream.writer);
  let sent = await answer(stream);
  if (sent === null) return null;
  if (tls === null && sent.length === 1 && sent[0] === PUBLIC_KEY_REQUEST) {
    isEncrypted = true;
    writePublicKey(stream.writer, await full.publicKey());
    sent = await answer(stream);
    if (sent === null) return null;
  }
  const password = isEncrypted ? await full.decrypt(sent, nonce) : withoutZero(sent);
  if (password === null) return false;
  return full.proves(account === null ? null : verifiers.crypt, password);
}

/** Sends what was written and waits for the one packet that answers it. */
async function answer(stream: PacketStream): Promise<Buffer | null> {
  await stream.flush();
  const packet = await stream.next();
  if (packet === null) return null;
  refuseEarlyBytes(stream);
  stream.writer.sequence = (packet.sequence + 1) & 0xff;
  return Buffer.from(packet.payload);
}

/** REQUIRE of the account. A certificate counts when the authority we know has signed it. */
function isSecureEnough(account: AccountDefinition, tls: TLSSocket | null): boolean {
  switch (account.requires) {
    case 'none':
      return true;
    case 'ssl':
      return tls !== null;
    case 'x509':
      return tls !== null && tls.authorized;
  }
}

/** What only the account's owner learns. Throws accountLocked or passwordExpiredLogin. */
function checkAccount(account: AccountDefinition, { login, host }: LoginExchange): void {
  if (account.locked) throw databaseError('accountLocked', { user: login.user, host });
  const copes = has(login.capabilities, capability.canHandleExpiredPasswords);
  if (account.passwordExpired && !copes) throw databaseError('passwordExpiredLogin', {});
}

function refuseEarlyBytes(stream: PacketStream): void {
  if (stream.pendingBytes > 0) throw databaseError('handshakeError', {});
}
