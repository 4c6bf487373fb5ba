// The way of a query on one page: parse, plan, execute, hand back the rows.

import type { AggregatorContext } from './aggregator-context.ts';
import { Breather } from './breather.ts';
import { bindParameters } from './commands/bind-parameters.ts';
import type { Command, CommandTable } from './commands/command.ts';
import { GatherFiles } from './executor/gather-files.ts';
import { GatherWorkers } from './executor/gather-workers.ts';
import { explainStatement } from './explain-statement.ts';
import type { KeptPlan, KeptStatement } from './kept-plans/kept-plan.ts';
import { KeptStatements, type KeptCandidate } from './kept-plans/kept-statements.ts';
import type { PlanCache } from './kept-plans/plan-cache.ts';
import { quickRead, type QuickResult } from './kept-plans/quick-read.ts';
import { runKept, runKnown } from './kept-plans/run-kept.ts';
import { runLoadData } from './load-data/load-data.ts';
import type { InsertStatement, Query, Statement } from './parser/ast.ts';
import { parserOptions, stepStatements, type ParsedStatement } from './parser/parser.ts';
import { outputColumns } from './planner/resolve-from.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import { resolveQuery } from './planner/resolve-query.ts';
import {
  runChangeStatement,
  runInsertStatement,
  runQuery,
  type StatementRun,
} from './run-statement.ts';
import type { Session } from './session.ts';
import type { StatementCounts } from './statement-counts.ts';
import { resolveEnvironment, sqlModeOf, type StatementParts } from './statement-environment.ts';
import type { OkResult, ResultColumn, StatementResult } from './statement-result.ts';
import { openImplicitly, refuseInReadOnly, remembered } from './statement-traces.ts';
import { endsTransaction } from './statement-traits.ts';
import type { TransactionCoordinator } from './transaction/transaction-coordinator.ts';
import type { VirtualTables } from './virtual-tables.ts';
import { withFreshCatalog } from './with-fresh-catalog.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import type { PacketFormat } from '#shared/wire/packet-batch.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';

/** How many different values of sql_mode are kept taken apart. */
const SQL_MODES_MAX = 64;

/** What a prepared statement needs and gives. */
export interface PreparedShape {
  readonly parameterCount: number;
  /** Empty for a statement without rows, or whose columns only its execution can tell. */
  readonly columns: readonly ResultColumn[];
}

export interface QueryEngine {
  /**
   * The results of the statements in `text`, one after another; the next one runs when it is
   * asked for, after the rows of the one before. Throws a DatabaseError at the first that fails.
   */
  execute(
    session: Session,
    text: string,
    parameters?: readonly SourceValue[],
  ): AsyncIterable<StatementResult>;
  /**
   * The short way of a query whose rows one leaf writes as packets, and of a change of rows by a
   * plan that is kept. Null, at once or later, where the text is to go the long way, by `execute`:
   * nothing has happened then. Throws, or rejects with, what it fails with.
   */
  executePackets?(
    session: Session,
    text: string,
    options: { readonly parameters: readonly SourceValue[]; readonly format: PacketFormat },
  ): QuickResult | Promise<QuickResult | null> | null;
  prepare(session: Session, text: string): Promise<PreparedShape>;
  /** Ends the processes that it has started; no statement runs any more. */
  close?(): Promise<void>;
}

/** The engine as commands have it, for pieces of statements that are parsed already. */
export interface SyntaxEngine extends QueryEngine {
  /** The columns of a query's rows. */
  describe(session: Session, query: Query): readonly ResultColumn[];
  /** What names mean in this session now, for who resolves by itself. */
  environment(session: Session): ResolveEnvironment;
  /**
   * A change of rows that its statement has been authorized for: in the open transaction, or by
   * itself where there is none, whatever `autocommit` is.
   */
  change(session: Session, statement: InsertStatement): Promise<OkResult>;
}

export interface QueryEngineOptions {
  readonly context: AggregatorContext;
  readonly commands: CommandTable;
  readonly virtualTables: VirtualTables;
  readonly transactions: TransactionCoordinator;
  /** Throws where the session's account may not run the statement. */
  readonly authorize: (session: Session, statement: Statement) => void;
  /** Rises when anyone's grants change: what was allowed is asked again then. */
  readonly grantsVersion: () => number;
  /** False: every statement is planned for itself. */
  readonly keepPlans?: boolean;
  readonly planCache: PlanCache;
  readonly counts: StatementCounts;
  /** What a child aggregator leaves to the master; absent at the master. */
  readonly forwarding?: Forwarding;
}

/** Which statements another aggregator runs, and how they get there. */
export interface Forwarding {
  takes(statement: Statement): boolean;
  run(session: Session, text: string): Promise<StatementResult>;
}

/** The engine of an aggregator, for all its sessions. */
export function createQueryEngine(options: QueryEngineOptions): SyntaxEngine {
  const { context, virtualTables, transactions } = options;
  const scratch = openWithFunctions(':memory:');
  const gatherFiles = new GatherFiles();
  const gatherWorkers = new GatherWorkers(context);
  const sqlModes = new LruCache<string, ReadonlySet<string>>(SQL_MODES_MAX);
  const parts: StatementParts = {
    context,
    virtualTables,
    transactions,
    counts: options.counts,
    scratch,
    gatherFiles,
    gatherWorkers,
    sqlModes,
  };
  const kept = new KeptStatements({
    parts,
    cache: options.planCache,
    authorize: options.authorize,
    grantsVersion: options.grantsVersion,
    isKept: (statement): statement is KeptStatement =>
      isRows(statement) && options.forwarding?.takes(statement) !== true,
  });
  const keptResult = async (run: StatementRun, text: string): Promise<StatementResult | null> => {
    if (options.keepPlans === false) return null;
    const candidate = kept.candidate(run.session, text, run.parameters);
    if (candidate === null) return null;
    return runKept({ run, kept, candidate, planned: (statement) => runRows(run, statement) });
  };
  return {
    execute: (session, text, parameters = []) =>
      resultsOf(options, { parts, session, parameters }, { text, keptResult }),
    executePackets(session, text, { parameters, format }) {
      if (options.keepPlans === false) return null;
      const run = { parts, session, parameters };
      const change = (candidate: KeptCandidate, plan: KeptPlan) =>
        runKnown({ run, kept, candidate, planned: (statement) => runRows(run, statement) }, plan);
      return quickRead({ run, kept, text, format, change });
    },
    async prepare(session, text) {
      const { statement, parameterCount } = await onlyStatement(parts, session, text);
      options.authorize(session, statement);
      if (!isQuery(statement)) return { parameterCount, columns: [] };
      const query = resolveQuery(statement, resolveEnvironment(parts, session, null));
      return { parameterCount, columns: outputColumns(query) };
    },
    ...syntaxRunner(parts),
    close: () => gatherWorkers.close(),
  };
}

function syntaxRunner(
  parts: StatementParts,
): Pick<SyntaxEngine, 'describe' | 'environment' | 'change'> {
  const { context } = parts;
  return {
    describe: (session, query) =>
      outputColumns(resolveQuery(query, resolveEnvironment(parts, session, []))),
    environment: (session) => resolveEnvironment(parts, session, []),
    change(session, statement) {
      const run = { parts, session, parameters: [] };
      return withFreshCatalog(context, { session, statement }, () =>
        runInsertStatement(run, statement),
      );
    },
  };
}

/** The statements of the text, and null where others may have a turn. */
function statementsOf(
  parts: StatementParts,
  session: Session,
  text: string,
): Iterable<ParsedStatement | null> {
  const steps = stepStatements(text, parserOptions(sqlModeOf(parts, session)));
  return session.multiStatements ? steps : alone(steps);
}

/** The first statement when there is no other. Throws syntax. */
function* alone(steps: Iterable<ParsedStatement | null>): Generator<ParsedStatement | null> {
  let first: ParsedStatement | null = null;
  for (const step of steps) {
    if (step === null) yield null;
    else if (first === null) first = step;
    else throw databaseError('syntax', { near: step.text.slice(0, 80), line: 1 });
  }
  if (first !== null) yield first;
}

/** The statement of a PREPARE. Throws unsupported for several. */
async function onlyStatement(
  parts: StatementParts,
  session: Session,
  text: string,
): Promise<ParsedStatement> {
  const breather = new Breather(parts.context.clock, session.signal);
  let only: ParsedStatement | null = null;
  for (const parsed of statementsOf(parts, session, text)) {
    if (parsed === null) {
      if (breather.isDue) await breather.pause();
    } else if (only === null) only = parsed;
    else throw databaseError('unsupported', { what: 'several statements in one PREPARE' });
  }
  return must(only);
}

/** The results of the text's statements: of the one that has a kept plan, or of each by itself. */
async function* resultsOf(
  options: QueryEngineOptions,
  run: StatementRun,
  {
    text,
    keptResult,
  }: {
    readonly text: string;
    readonly keptResult: (run: StatementRun, text: string) => Promise<StatementResult | null>;
  },
): AsyncGenerator<StatementResult> {
  const result = await keptResult(run, text);
  if (result !== null) {
    yield result;
    return;
  }
  const { parts, session, parameters } = run;
  const breather = new Breather(parts.context.clock, session.signal);
  for (const parsed of statementsOf(parts, session, text)) {
    if (parsed === null) {
      if (breather.isDue) await breather.pause();
      continue;
    }
    if (parsed.parameterCount > parameters.length) {
      throw databaseError('wrongArguments', { command: 'EXECUTE' });
    }
    yield await runStatement(options, run, parsed);
  }
}

/** Authorizes, runs, and leaves the session as the next statement expects it. */
async function runStatement(
  options: QueryEngineOptions,
  run: StatementRun,
  parsed: ParsedStatement,
): Promise<StatementResult> {
  const { session } = run;
  const { statement } = parsed;
  if (!keepsWarnings(statement)) session.warnings = [];
  run.parts.counts.note(statement);
  options.authorize(session, statement);
  refuseInReadOnly(session, statement);
  if (endsTransaction(statement)) await commitOpen(session);
  openImplicitly(options.transactions, session, statement);
  return remembered(session, () => dispatch(options, run, parsed));
}

async function dispatch(
  options: QueryEngineOptions,
  run: StatementRun,
  { statement, text, parameterCount }: ParsedStatement,
): Promise<StatementResult> {
  const { context, forwarding } = options;
  if (forwarding?.takes(statement) === true) {
    if (parameterCount === 0) return forwarding.run(run.session, text);
    throw databaseError('unsupported', { what: `? in ${statement.kind} at a child aggregator` });
  }
  if (isRows(statement)) {
    const { session } = run;
    return withFreshCatalog(context, { session, statement }, () => runRows(run, statement));
  }
  if (statement.kind === 'explain') return explainStatement(run, statement);
  if (statement.kind === 'loadData') return runLoadData(run, statement);
  const command = options.commands[statement.kind] as Command | undefined;
  if (command === undefined) throw databaseError('unsupported', { what: statement.kind });
  const bound = parameterCount === 0 ? statement : bindParameters(statement, run.parameters);
  return command(context, run.session, bound);
}

/** A query or a change of rows, planned for itself. */
function runRows(run: StatementRun, statement: KeptStatement): Promise<StatementResult> {
  switch (statement.kind) {
    case 'insert':
      return runInsertStatement(run, statement);
    case 'update':
    case 'delete':
      return runChangeStatement(run, statement);
    default:
      return runQuery(run, statement);
  }
}

/** True for what may be answered by a kept plan. */
function isRows(statement: Statement): statement is KeptStatement {
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
      return true;
    default:
      return isQuery(statement);
  }
}

function isQuery(statement: Statement): statement is Query {
  switch (statement.kind) {
    case 'select':
    case 'setOperation':
    case 'with':
    case 'values':
      return true;
    default:
      return false;
  }
}

/** SHOW WARNINGS tells of the statement before it. */
function keepsWarnings(statement: Statement): boolean {
  if (statement.kind !== 'show') return false;
  return statement.what.kind === 'warnings' || statement.what.kind === 'errors';
}

/** DDL and its like commit what is open before they run. */
async function commitOpen(session: Session): Promise<void> {
  const { transaction } = session;
  session.transaction = null;
  await transaction?.commit();
}
