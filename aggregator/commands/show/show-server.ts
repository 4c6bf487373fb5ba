// SHOW of variables, counters, clients, warnings, grants and privileges.

import { createUserLine, grantLines } from '#aggregator/commands/account/print-account.ts';
import { identityOf } from '#aggregator/commands/account/account-commands.ts';
import { accountText, type AccountDefinition } from '#aggregator/metadata/account.ts';
import { privileges, type PrivilegeLevel } from '#aggregator/metadata/privilege.ts';
import { visibleProcesses } from '#aggregator/metadata/information-schema/server-tables.ts';
import { statusValues } from '#aggregator/metadata/information-schema/status-values.ts';
import type { AccountName, ShowWhat } from '#aggregator/parser/ast.ts';
import type { Session } from '#aggregator/session.ts';
import { databaseError } from '#shared/error.ts';
import { answer, type ShowAnswer } from './show-answer.ts';
import type { ShowParts } from './show-schema.ts';

/** Characters of a statement that SHOW PROCESSLIST without FULL shows. */
const INFO_LENGTH = 100;

export function showVariables(session: Session, scope: 'session' | 'global'): ShowAnswer {
  return answer(['Variable_name', 'Value'], session.variables.list(scope));
}

export function showStatus(parts: ShowParts, session: Session): ShowAnswer {
  return answer(['Variable_name', 'Value'], statusValues(parts.schema.scope(session)));
}

/** SHOW WARNINGS, SHOW ERRORS, and their counts; they are about the statement before. */
export function showDiagnostics(
  session: Session,
  what: Extract<ShowWhat, { kind: 'warnings' | 'errors' }>,
): ShowAnswer {
  const all =
    what.kind === 'warnings'
      ? session.warnings
      : session.warnings.filter((warning) => warning.level === 'Error');
  if (what.count) {
    const name = what.kind === 'warnings' ? 'warning_count' : 'error_count';
    return answer([[`@@session.${name}`, 'number']], [[BigInt(all.length)]]);
  }
  const { offset, count } = what.limit ?? { offset: 0, count: all.length };
  return answer(
    ['Level', ['Code', 'number'], 'Message'],
    all
      .slice(offset, offset + count)
      .map(({ level, errno, message }) => [level, BigInt(errno), message]),
  );
}

export function showProcessList(parts: ShowParts, session: Session, full: boolean): ShowAnswer {
  return answer(
    [
      ['Id', 'number'],
      'User',
      'Host',
      'db',
      'Command',
      ['Time', 'number'],
      'State',
      ['Info', 'long'],
    ],
    visibleProcesses(parts.schema.scope(session)).map((process) => [
      BigInt(process.id),
      process.user,
      process.host,
      process.database,
      process.command,
      BigInt(Math.floor(process.timeMs / 1000)),
      process.state,
      full ? process.info : (process.info?.slice(0, INFO_LENGTH) ?? null),
    ]),
  );
}

function findAccount(
  parts: ShowParts,
  session: Session,
  name: AccountName | null,
): AccountDefinition {
  const identity = name === null ? session.account : identityOf(session, name);
  const account = parts.accounts.find(identity);
  if (account === null) throw databaseError('noSuchGrant', identity);
  return account;
}

export function showGrants(
  parts: ShowParts,
  session: Session,
  name: AccountName | null,
): ShowAnswer {
  const account = findAccount(parts, session, name);
  const header = `Grants for ${account.user}@${account.host}`;
  return answer(
    [[header, 'long']],
    grantLines(account).map((line) => [line]),
  );
}

export function showCreateUser(
  parts: ShowParts,
  session: Session,
  name: AccountName | null,
): ShowAnswer {
  const account = findAccount(parts, session, name);
  const header = `CREATE USER for ${accountText(account).replaceAll("'", '')}`;
  return answer([[header, 'long']], [[createUserLine(account)]]);
}

const contexts: Record<PrivilegeLevel, string> = {
  global: 'Server Admin',
  database: 'Databases',
  table: 'Tables',
};

export function showPrivileges(): ShowAnswer {
  return answer(
    ['Privilege', 'Context', 'Comment'],
    privileges.map(({ name, level, about }) => [name, contexts[level], about]),
  );
}
