// Triggers, routines and events: there are none, so whoever names one hears that it is missing.

import type { Command } from '#aggregator/commands/command.ts';
import { passOver } from '#aggregator/commands/pass-over.ts';
import { ok } from '#aggregator/statement-result.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';

/** MySQL's error for one that is not there. `name` is qualified where MySQL's is. */
export function missingRoutine(routine: string, name: string): DatabaseError {
  switch (routine) {
    case 'procedure':
      return databaseError('unknownProcedure', { name });
    case 'function':
      return databaseError('unknownFunction', { name });
    case 'trigger':
      return databaseError('unknownTrigger', {});
    default:
      return databaseError('unknownEvent', { name });
  }
}

/** DROP TRIGGER, PROCEDURE, FUNCTION and EVENT: with IF EXISTS a note says what was missing. */
export const dropRoutine: Command<'dropRoutine'> = async (_context, session, statement) => {
  const { routine, name, ifExists } = statement;
  const database = name.database ?? session.database;
  if (database === null) throw databaseError('noDatabase', {});
  const isQualified = routine === 'procedure' || routine === 'function';
  const called = isQualified ? `${database}.${name.table}` : name.table;
  const error = missingRoutine(routine, called);
  // MySQL's note on an event has another number than its error.
  if (ifExists && routine === 'event') {
    session.warn('Note', 1305, `Event ${called} does not exist`);
  } else passOver(session, ifExists, error);
  return ok();
};
