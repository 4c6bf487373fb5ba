// The capability and status flags of the MySQL protocol, and which of them we announce.

/** Capability flags, as the protocol numbers them (CLIENT_…). */
export const capability = {
  longPassword: 0x1,
  foundRows: 0x2,
  longFlag: 0x4,
  connectWithDatabase: 0x8,
  compress: 0x20,
  localFiles: 0x80,
  ignoreSpace: 0x100,
  protocol41: 0x200,
  interactive: 0x400,
  ssl: 0x800,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiStatements: 0x1_0000,
  multiResults: 0x2_0000,
  preparedMultiResults: 0x4_0000,
  pluginAuth: 0x8_0000,
  connectAttributes: 0x10_0000,
  pluginAuthLengthEncoded: 0x20_0000,
  canHandleExpiredPasswords: 0x40_0000,
  sessionTrack: 0x80_0000,
  deprecateEof: 0x100_0000,
} as const;

/**
 * What the greeting announces, and SSL where there is a certificate. Not
 * QUERY_ATTRIBUTES: what we do not announce, no client may use, because a client's flags are taken
 * only where we announced them.
 */
export const announcedCapabilities: number =
  capability.longPassword |
  capability.foundRows |
  capability.longFlag |
  capability.connectWithDatabase |
  capability.compress |
  capability.localFiles |
  capability.ignoreSpace |
  capability.protocol41 |
  capability.interactive |
  capability.transactions |
  capability.secureConnection |
  capability.multiStatements |
  capability.multiResults |
  capability.preparedMultiResults |
  capability.pluginAuth |
  capability.connectAttributes |
  capability.pluginAuthLengthEncoded |
  capability.canHandleExpiredPasswords |
  capability.sessionTrack |
  capability.deprecateEof;

/** Status flags of OK and EOF packets (SERVER_STATUS_…). */
export const status = {
  inTransaction: 0x1,
  autocommit: 0x2,
  moreResults: 0x8,
  cursorExists: 0x40,
  lastRowSent: 0x80,
  noBackslashEscapes: 0x200,
  sessionStateChanged: 0x4000,
} as const;

/** True when the client and we both have the flag. */
export function has(capabilities: number, flag: number): boolean {
  return (capabilities & flag) !== 0;
}
