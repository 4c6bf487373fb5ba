// What IF EXISTS and IF NOT EXISTS pass over: an error that is a note with them.

import type { Session } from '#aggregator/session.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';

/** Throws the problem, or passes over it with a note. */
export function passOver(session: Session, mayPass: boolean, problem: DatabaseError): void {
  if (!mayPass) throw problem;
  session.report('Note', problem);
}

/** Of a DROP: one error for all that is missing, or a note for each. */
export function passOverMissing(
  session: Session,
  mayPass: boolean,
  missing: readonly string[],
): void {
  if (missing.length === 0) return;
  const names = mayPass ? missing : [missing.join(',')];
  for (const name of names) passOver(session, mayPass, databaseError('unknownTableDrop', { name }));
}
