// REPLICATE DATABASE and the statements about its links.

import type {
  PrimaryAddress,
  ReplicateDatabase,
  ReplicationStatement,
  StopReplicating,
} from './ast-administration.ts';
import type { TokenReader } from './token-reader.ts';

const DEFAULT_PORT = 3306;

/** REPLICATE DATABASE db [WITH …] FROM user[:'password']@host[:port][/remote_database]. */
export function parseReplicate(reader: TokenReader): ReplicateDatabase {
  const { at } = reader;
  reader.expectWords('replicate database');
  const database = reader.name();
  let forceDifferential = false;
  let partitions: number | null = null;
  while (reader.acceptWord('with')) {
    if (reader.acceptWord('partitions')) partitions = reader.integer();
    else {
      reader.expectWords('force differential');
      forceDifferential = true;
    }
  }
  if (!reader.isWord('from')) throw reader.syntaxError();
  const primary = parsePrimaryAddress(reader, database);
  return { kind: 'replicateDatabase', at, database, forceDifferential, partitions, primary };
}

/** The text behind FROM has a grammar of its own: host names with hyphens and dots. */
function parsePrimaryAddress(reader: TokenReader, database: string): PrimaryAddress {
  reader.next();
  const { lexer } = reader;
  const user = reader.nameOrString();
  let password = '';
  if (reader.acceptOperator(':')) {
    password = lexer.kind === 'string' ? reader.string() : reader.nameAfterDot();
  }
  const { source } = lexer;
  const address = /^@('[^']*'|"[^"]*"|`[^`]*`|\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?/;
  const match = address.exec(source.slice(lexer.start, lexer.start + 512));
  if (match === null) throw reader.syntaxError();
  const port = match[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  if (port < 1 || port > 65_535) throw reader.syntaxError();
  reader.seek(lexer.start + match[0].length);
  const remoteDatabase = reader.acceptOperator('/') ? reader.name() : database;
  const host = (match[1] ?? '').replace(/^['"`[]|['"`\]]$/g, '');
  return { user, password, host, port, remoteDatabase };
}

/**
 * PAUSE or CONTINUE REPLICATING db, or STOP REPLICATING db [FORCE]. Their first word is the current
 * token.
 */
export function parseReplicating(reader: TokenReader): ReplicationStatement {
  const { at } = reader;
  const word = reader.expectOneOf(['pause', 'continue', 'stop'] as const);
  if (word === 'stop' && ['slave', 'replica'].includes(reader.lexer.keyword)) {
    throw reader.unsupported('STOP REPLICA');
  }
  reader.expectWord('replicating');
  const database = reader.name();
  if (word === 'stop') {
    return { kind: 'stopReplicating', at, database, force: reader.acceptWord('force') };
  }
  return { kind: `${word}Replicating`, at, database };
}

/** CHECK REPLICATION ON db [WITH ROWS]; CHECK has been taken. */
export function parseCheckReplication(reader: TokenReader, at: number): ReplicationStatement {
  reader.expectWords('replication on');
  const database = reader.name();
  return { kind: 'checkReplication', at, database, rows: reader.acceptWords('with rows') };
}

/** What EXPLAIN is about when it is about replication; null otherwise. */
export function parseExplainReplication(
  reader: TokenReader,
  at: number,
): ReplicationStatement | null {
  if (reader.isWord('replicate')) {
    return { kind: 'explainReplication', at, statement: parseReplicate(reader) };
  }
  if (!reader.isWord('stop')) return null;
  const stopAt = reader.at;
  reader.expectWords('stop replicating');
  const statement: StopReplicating = {
    kind: 'stopReplicating',
    at: stopAt,
    database: reader.name(),
    force: reader.acceptWord('force'),
  };
  return { kind: 'explainReplication', at, statement };
}
