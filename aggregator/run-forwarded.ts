// The master's part of a statement that a child aggregator forwards: a session as the client's own
// for one statement, whose effects go back with the rows.

import type { MetadataFeed } from './cluster/metadata-feed.ts';
import type { QueryEngine } from './query-engine.ts';
import type { GlobalVariables } from './session-variables.ts';
import { Session } from './session.ts';
import { DatabaseError } from '#shared/error.ts';
import type { ForwardedItem, ForwardedStatement } from '#shared/wire/message.ts';

export interface ForwardedParts {
  readonly engine: QueryEngine;
  readonly variables: GlobalVariables;
  readonly feed: MetadataFeed;
  /** A connection id that no client has. */
  readonly allocateId: () => number;
}

/** Runs it with the rights of the account that it came from. Throws what the statement throws. */
export async function* runForwarded(
  parts: ForwardedParts,
  statement: ForwardedStatement,
  signal: AbortSignal,
): AsyncGenerator<ForwardedItem> {
  const session = sessionFor(parts, statement);
  const kill = () => session.kill();
  signal.addEventListener('abort', kill);
  try {
    for await (const result of parts.engine.execute(session, statement.text)) {
      if (result.kind === 'ok') {
        yield result;
        continue;
      }
      yield { kind: 'columns', columns: result.columns };
      for await (const rows of result.rows) yield { kind: 'rows', rows };
    }
    const { database, warnings } = session;
    yield { kind: 'session', database, warnings, revision: parts.feed.revision };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function sessionFor(parts: ForwardedParts, statement: ForwardedStatement): Session {
  const { account, peer, database, variables, userVariables } = statement;
  const session = new Session({
    id: parts.allocateId(),
    account,
    peer,
    variables: parts.variables.createSession(),
    foundRowsFlag: false,
  });
  session.database = database;
  for (const [name, value] of variables) setWhereAllowed(session, name, value);
  for (const [name, type, value] of userVariables) session.userVariables.set(name, { type, value });
  return session;
}

/** What a session keeps from its login cannot be set, and changes no definition. */
function setWhereAllowed(
  session: Session,
  name: string,
  value: string | bigint | number | null,
): void {
  try {
    session.variables.set('session', name, value);
  } catch (error) {
    const isKept = error instanceof DatabaseError && error.is('readOnlyVariable', 'variableScope');
    if (!isKept) throw error;
  }
}
