// Statements that the cluster runs for itself: in nobody's name, with nothing denied.

import type { QueryEngine } from './query-engine.ts';
import { Session, type Account } from './session.ts';
import type { GlobalVariables } from './session-variables.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

/** Known by its identity: no client can have it, for logins make accounts of their own. */
export const ownAccount: Account = Object.freeze({ user: 'twinleaf', host: '' });

/** Runs a statement to its end, in UTC. Throws as `QueryEngine.execute` does. */
export async function runOwnStatement(
  parts: { readonly engine: QueryEngine; readonly variables: GlobalVariables },
  text: string,
  parameters: readonly SourceValue[],
): Promise<void> {
  const session = new Session({
    id: 0,
    account: ownAccount,
    peer: '',
    variables: parts.variables.createSession(),
    foundRowsFlag: false,
  });
  session.variables.set('session', 'time_zone', '+00:00');
  for await (const result of parts.engine.execute(session, text, parameters)) {
    if (result.kind === 'ok') continue;
    const rows = result.rows[Symbol.asyncIterator]();
    while ((await rows.next()).done !== true);
  }
}
