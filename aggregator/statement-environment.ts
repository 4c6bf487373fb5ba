// What one run of a statement sees of its session: names, modes, the moment, the old numbers.

import type { AggregatorContext } from './aggregator-context.ts';
import { Breather } from './breather.ts';
import type { Execution } from './executor/execution.ts';
import type { GatherFiles } from './executor/gather-files.ts';
import { GatherPlace } from './executor/gather-place.ts';
import type { GatherWorkers } from './executor/gather-workers.ts';
import type { StatementValues } from './executor/statement-values.ts';
import type { StoreConstant } from './planner/assign-value.ts';
import type { SlotRun } from './planner/literal-slot.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import type { ContextValueName, TypedExpression } from './planner/typed-expression.ts';
import type { Session } from './session.ts';
import { isStrict, modesIn, takesZeroDates } from './sql-mode.ts';
import type { StatementCounts } from './statement-counts.ts';
import { Transaction } from './transaction/transaction.ts';
import type { TransactionCoordinator } from './transaction/transaction-coordinator.ts';
import type { VirtualTables } from './virtual-tables.ts';
import { must } from '#shared/assert.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { LruCache } from '#shared/sql/lru-cache.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { StoreContext } from '#shared/sql/store-context.ts';
import { storeValue } from '#shared/sql/store-value.ts';
import {
  dateText,
  dateTimeText,
  microsecondsOfDay,
  momentOfEpoch,
  roundTime,
} from '#shared/sql/temporal.ts';
import { timeZone, utcToZone, type TimeZone } from '#shared/sql/time-zone.ts';

const BIGINT: ColumnType = { kind: 'integer', bits: 64, unsigned: false };

/** The parts of an aggregator that every statement needs. */
export interface StatementParts {
  readonly context: AggregatorContext;
  readonly virtualTables: VirtualTables;
  readonly transactions: TransactionCoordinator;
  /** Told of every statement that begins. */
  readonly counts: StatementCounts;
  /** An in-memory SQLite without tables. */
  readonly scratch: SqliteFile;
  readonly gatherFiles: GatherFiles;
  readonly gatherWorkers: GatherWorkers;
  /** The modes of each sql_mode that some session has. */
  readonly sqlModes: LruCache<string, ReadonlySet<string>>;
}

/** The modes of a session, in upper case. */
export function sqlModeOf(
  { sqlModes }: Pick<StatementParts, 'sqlModes'>,
  session: Session,
): ReadonlySet<string> {
  const mode = String(session.variables.get('session', 'sql_mode') ?? '');
  return sqlModes.get(mode, () => modesIn(mode));
}

function zoneOf(session: Session): TimeZone {
  return timeZone(String(session.variables.get('session', 'time_zone') ?? 'SYSTEM'));
}

/** What names mean in this session. Without `parameters` a `?` is typed by its surroundings. */
export function resolveEnvironment(
  parts: StatementParts,
  session: Session,
  parameters: readonly SourceValue[] | null,
): ResolveEnvironment {
  return {
    catalog: parts.context.catalog,
    database: session.database,
    sqlMode: sqlModeOf(parts, session),
    virtualTables: parts.virtualTables,
    systemVariable: (scope, name) => session.variables.get(scope, name),
    userVariableType: (name) => session.userVariables.get(name)?.type ?? { kind: 'null' },
    parameter: (index) => {
      const value = parameters?.[index];
      return value === undefined ? null : parameterConstant(value);
    },
  };
}

/**
 * A client's value as one of a constant. Drivers send every number as a DOUBLE: a whole one is
 * taken for the integer that it is, so that it names a shard key, or stands in a LIMIT.
 */
export function parameterValue(given: SourceValue): SourceValue {
  const { type, value } = given;
  const isWhole = type.kind === 'double' && Number.isSafeInteger(value);
  return isWhole ? { type: BIGINT, value: BigInt(value as number) } : given;
}

function parameterConstant(given: SourceValue): TypedExpression {
  const { type, value } = parameterValue(given);
  return { kind: 'constant', value, type, nullable: value === null };
}

/** One for all rows of a statement: to make it costs as much as to convert a value. */
class SessionStoreContext implements StoreContext {
  row = 1;
  readonly strict: boolean;
  readonly zeroDates: boolean;
  readonly warn: StoreContext['warn'];
  readonly #session: Session;
  #zone: TimeZone | null = null;

  constructor(session: Session, modes: Required<Pick<StoreContext, 'strict' | 'zeroDates'>>) {
    this.#session = session;
    this.strict = modes.strict;
    this.zeroDates = modes.zeroDates;
    this.warn = (level, problem) => session.report(level, problem);
  }

  get timeZone(): TimeZone {
    return (this.#zone ??= zoneOf(this.#session));
  }
}

/** MySQL's conversion of a constant on assignment, in this session's mode. */
export function storeConstant(parts: StatementParts, session: Session): StoreConstant {
  return storeConstantOfRow(session, sqlModeOf(parts, session))(1);
}

/**
 * As storeConstant, for each row of one statement. The session is read once: a name of a zone
 * costs more to look up than a value to convert, so that waits until a value needs it.
 */
export function storeConstantOfRow(
  session: Session,
  sqlMode: ReadonlySet<string>,
  mayBeStrict = true,
): (row: number) => StoreConstant {
  const context = new SessionStoreContext(session, {
    strict: mayBeStrict && isStrict(sqlMode),
    zeroDates: !mayBeStrict || takesZeroDates(sqlMode),
  });
  return (row) => (column, value) => {
    context.row = row;
    return storeValue(column, value, context);
  };
}

/** Values that stay the same through one run of a statement. */
function statementValues(
  parts: StatementParts,
  session: Session,
  literals: SlotRun | null = null,
): StatementValues {
  const epochMs = parts.context.clock.now();
  const { lastInsertId, foundRows, rowCount } = session;
  const moment = (name: 'now' | 'utcNow', fsp: number, type: ColumnType): StoredValue => {
    const utc = must(momentOfEpoch(BigInt(epochMs) * 1000n));
    const here = name === 'utcNow' ? utc : must(utcToZone(utc, zoneOf(session)));
    const grain = 10 ** (6 - fsp);
    const cut = { ...here, microsecond: Math.floor(here.microsecond / grain) * grain };
    if (type.kind === 'date') return dateText(cut);
    if (type.kind === 'time') return BigInt(roundTime(microsecondsOfDay(cut), fsp));
    return dateTimeText(cut, fsp);
  };
  return {
    contextValue(name: ContextValueName, fsp: number, type: ColumnType): StoredValue {
      switch (name) {
        case 'now':
        case 'utcNow':
          return moment(name, fsp, type);
        case 'database':
          return session.database;
        case 'user':
          return `${session.account.user}@${session.peer.replace(/:\d+$/, '')}`;
        case 'currentUser':
          return `${session.account.user}@${session.account.host}`;
        case 'connectionId':
          return BigInt(session.id);
        case 'lastInsertId':
          return lastInsertId;
        case 'foundRows':
          return BigInt(foundRows);
        case 'rowCount':
          return BigInt(rowCount);
        case 'version':
          return String(session.variables.get('global', 'version') ?? '');
      }
    },
    userVariable: (name) => session.userVariables.get(name)?.value ?? null,
    literals,
  };
}

/** The run of a statement in a session. */
export function createExecution(
  parts: StatementParts,
  session: Session,
  literals: SlotRun | null = null,
): Execution {
  const { transaction, variables, signal } = session;
  const lockWaitSeconds = Number(variables.get('session', 'innodb_lock_wait_timeout') ?? 50);
  return {
    context: parts.context,
    transaction: transaction instanceof Transaction ? transaction : null,
    transactions: parts.transactions,
    values: statementValues(parts, session, literals),
    scratch: parts.scratch,
    gatherFiles: parts.gatherFiles,
    breather: new Breather(parts.context.clock, signal),
    gatherPlace: new GatherPlace(parts.gatherWorkers, signal),
    signal,
    lockWaitTimeoutMs: lockWaitSeconds * 1000,
    foreignKeyChecks: variables.get('session', 'foreign_key_checks') !== 0n,
    markWarnings: () => session.markWarnings(),
    virtualRows: (database, name) => parts.virtualTables.rows(database, name, session),
  };
}
