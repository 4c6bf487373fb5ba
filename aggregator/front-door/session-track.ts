// What a statement changed of its session, as an OK packet tells it (SESSION_TRACK_…).

import type { Session } from '#aggregator/session.ts';

const TRACK_VARIABLE = 0;
const TRACK_SCHEMA = 1;
const TRACK_STATE = 2;

/** Bytes of the OK packet's list of changes; empty where nothing is to be told. */
export type TrackedChanges = Uint8Array;

const none = new Uint8Array();

/**
 * What has changed since it was asked last, of what the session's variables say is told:
 * session_track_schema, …_system_variables and …_state_change.
 */
export function takeChanges(session: Session, databaseBefore: string | null): TrackedChanges {
  const { variables, database } = session;
  const changed = variables.takeChanges();
  const isMoved = database !== null && database !== databaseBefore;
  if (changed.size === 0 && !isMoved) return none;
  const isOn = (name: string) => variables.get('session', name) === 1n;
  const pieces: Uint8Array[] = [];
  for (const [name, value] of tracked(session, changed)) {
    pieces.push(entry(TRACK_VARIABLE, Buffer.concat([lengthEncoded(name), lengthEncoded(value)])));
  }
  if (isMoved && isOn('session_track_schema')) {
    pieces.push(entry(TRACK_SCHEMA, lengthEncoded(database)));
  }
  if (isOn('session_track_state_change')) pieces.push(entry(TRACK_STATE, lengthEncoded('1')));
  return Buffer.concat(pieces);
}

function tracked(
  { variables }: Session,
  changed: ReadonlyMap<string, string>,
): readonly (readonly [string, string])[] {
  const list = String(variables.get('session', 'session_track_system_variables') ?? '');
  const names = new Set(list.toLowerCase().split(/\s*,\s*/));
  return [...changed].filter(([name]) => names.has('*') || names.has(name));
}

function entry(kind: number, data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(kind), lengthOf(data.length), data]);
}

function lengthEncoded(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([lengthOf(bytes.length), bytes]);
}

/** A name or a value of a variable: 64 KB at the most in any sense. */
function lengthOf(count: number): Uint8Array {
  return count < 251 ? Buffer.of(count) : Buffer.of(0xfc, count & 0xff, (count >> 8) & 0xff);
}
