// SET: system variables, user variables, NAMES, CHARACTER SET, TRANSACTION and PASSWORD.

import { charsetNamed, collationNamed } from '#aggregator/charset.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { Evaluate } from '#aggregator/commands/evaluate.ts';
import type { AccountName, SetItem } from '#aggregator/parser/ast.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

export interface SetParts {
  readonly evaluate: Evaluate;
  /** SET PASSWORD; the account is null for the session's own. */
  readonly setPassword: (
    session: Session,
    account: AccountName | null,
    password: string,
  ) => Promise<void>;
}

type SystemItem = Extract<SetItem, { kind: 'systemVariable' }>;
type TransactionItem = Extract<SetItem, { kind: 'transaction' }>;

/** A value as system variables take it: numbers as numbers, everything else as its text. */
function toVariable({ type, value }: SourceValue): string | bigint | number | null {
  if (value === null) return null;
  if (type.kind === 'integer') return BigInt(value as bigint | number);
  if (type.kind === 'double' || type.kind === 'float') return Number(value);
  const text = formatValue(value, type);
  if (type.kind === 'decimal') return Number(text);
  return typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
}

async function setSystem(parts: SetParts, session: Session, item: SystemItem): Promise<void> {
  const { scope, name, value } = item;
  const { variables } = session;
  if (value === null) return variables.reset(scope, name);
  const [evaluated] = await parts.evaluate(session, [value]);
  const wanted = evaluated === undefined ? null : toVariable(evaluated);
  if (scope === 'session' && name === 'autocommit') return await setAutocommit(session, wanted);
  if (scope === 'session' && name === 'last_insert_id') {
    session.lastInsertId = typeof wanted === 'bigint' ? wanted : 0n;
    return;
  }
  variables.set(scope, name, wanted);
  const kept = variables.get(scope === 'global' ? 'global' : null, name);
  if (typeof wanted === 'bigint' && typeof kept === 'bigint' && kept !== wanted) {
    session.warn('Warning', 1292, `Truncated incorrect ${name} value: '${wanted}'`);
  }
  if (name === 'transaction_isolation' || name === 'tx_isolation') {
    noteIsolation(session, String(wanted));
  }
}

/** Turned on, it commits what is open. */
async function setAutocommit(
  session: Session,
  wanted: string | bigint | number | null,
): Promise<void> {
  const before = session.autocommit;
  session.variables.set('session', 'autocommit', wanted);
  const { transaction } = session;
  // As in MySQL: only what turns it on commits what is open.
  if (before || !session.autocommit || transaction === null) return;
  session.transaction = null;
  await transaction.commit();
}

function setNames(session: Session, charset: string | null, collation: string | null): void {
  const chosen = charsetNamed(charset ?? 'utf8mb4');
  const named =
    collation === null ? collationNamed(chosen.defaultCollation) : collationNamed(collation);
  if (named.charset !== chosen.name) {
    throw databaseError('collationCharset', { collation: named.name, charset: chosen.name });
  }
  const { variables } = session;
  variables.set('session', 'character_set_client', chosen.name);
  variables.set('session', 'character_set_results', chosen.name);
  variables.set('session', 'collation_connection', named.name);
}

/** SET CHARACTER SET: the connection's own becomes the database's. */
function setCharacterSet(session: Session, charset: string | null): void {
  const chosen = charsetNamed(charset ?? 'utf8mb4');
  const { variables } = session;
  variables.set('session', 'character_set_client', chosen.name);
  variables.set('session', 'character_set_results', chosen.name);
  variables.set('session', 'collation_connection', variables.get(null, 'collation_database'));
}

function noteIsolation(session: Session, level: string): void {
  if (level.toUpperCase().replaceAll(' ', '-') === 'READ-COMMITTED') return;
  const sentence = `Transactions are READ COMMITTED here, also where ${level} is asked for`;
  session.warn('Warning', 1105, sentence);
}

function setTransaction(session: Session, item: TransactionItem): void {
  const { scope, isolation, readOnly } = item;
  if (scope === 'next' && session.transaction !== null) {
    throw databaseError('transactionInProgress', {});
  }
  const { variables } = session;
  if (isolation !== null) {
    const name = 'transaction_isolation';
    const before = variables.get('session', name);
    variables.set(scope === 'global' ? 'global' : 'session', name, isolation);
    // For the next transaction alone it is checked and, being what it is anyway, not kept.
    if (scope === 'next') variables.set('session', name, before);
    noteIsolation(session, isolation);
  }
  if (readOnly === null) return;
  if (scope === 'next') session.nextReadOnly = readOnly;
  else variables.set(scope, 'transaction_read_only', readOnly ? 1n : 0n);
}

async function setItem(parts: SetParts, session: Session, item: SetItem): Promise<void> {
  switch (item.kind) {
    case 'userVariable': {
      const [evaluated] = await parts.evaluate(session, [item.value]);
      if (evaluated !== undefined) session.userVariables.set(item.name, evaluated);
      return;
    }
    case 'systemVariable':
      return await setSystem(parts, session, item);
    case 'names':
      return setNames(session, item.charset, item.collation);
    case 'characterSet':
      return setCharacterSet(session, item.charset);
    case 'transaction':
      return setTransaction(session, item);
    case 'password':
      return await parts.setPassword(session, item.account, item.password);
  }
}

/** The command of SET. Items are set in order; what was set before one fails stays set. */
export function createSetCommands(parts: SetParts): CommandTable {
  const set: Command<'set'> = async (_context, session, statement) => {
    for (const item of statement.items) await setItem(parts, session, item);
    return ok();
  };
  return { set };
}
