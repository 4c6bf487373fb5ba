// LOAD DATA LOCAL INFILE: a file of the client's becomes rows, as one INSERT IGNORE or REPLACE.

import { charsetNamed } from '#aggregator/charset.ts';
import { evaluateExpressions } from '#aggregator/executor/evaluate.ts';
import type { Execution } from '#aggregator/executor/execution.ts';
import type { GivenValue } from '#aggregator/executor/insert-rows.ts';
import { runInsert } from '#aggregator/executor/run-insert.ts';
import { insertCompletion, warnOfLeftOut } from '#aggregator/insert-completion.ts';
import type { InsertStatement, LoadDataStatement, LoadTarget } from '#aggregator/parser/ast.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import {
  resolveInsert,
  type GivenBatches,
  type GivenRows,
  type ResolvedInsert,
} from '#aggregator/planner/resolve-insert.ts';
import { resolveTarget, writableColumn } from '#aggregator/planner/resolve-target.ts';
import type { StatementRun } from '#aggregator/run-statement.ts';
import type { Session } from '#aggregator/session.ts';
import {
  createExecution,
  resolveEnvironment,
  storeConstant,
} from '#aggregator/statement-environment.ts';
import { ok, type OkResult } from '#aggregator/statement-result.ts';
import { lenient } from '#aggregator/sql-mode.ts';
import { withFreshCatalog } from '#aggregator/with-fresh-catalog.ts';
import { decodeText } from '#aggregator/text-encoding.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { AssignedValues } from './assigned-values.ts';
import { keepLines, type KeptLines, type LineBatch } from './kept-lines.ts';
import { readLines } from './read-lines.ts';
import { byteFormat, type Field } from './split-line.ts';

const nullValue: SourceValue = { type: { kind: 'null' }, value: null };

/** Where one field of a line goes. */
type Place =
  | { readonly kind: 'column'; readonly column: ColumnDefinition }
  | { readonly kind: 'userVariable'; readonly name: string };

/** What stays the same from line to line. */
interface Load {
  readonly session: Session;
  readonly execution: Execution;
  readonly places: readonly Place[];
  /** The columns that get values: those of fields, then those of SET. */
  readonly columns: readonly ColumnDefinition[];
  readonly assigned: AssignedValues;
  readonly charset: string;
}

/**
 * As in MySQL, LOCAL lets no row end the load: what does not fit is made to, with a warning, and a
 * row in the way of another is left out or replaced. All rows or none.
 */
export async function runLoadData(
  run: StatementRun,
  statement: LoadDataStatement,
): Promise<OkResult> {
  const { parts, session } = run;
  const { localFile } = session;
  const isOn = session.variables.get('global', 'local_infile') === 1n;
  if (localFile === null || !isOn) throw databaseError('localInfileDisabled', {});
  // What is wrong with the statement is told before the client is asked for its file.
  const planned = planLoad(run, statement);
  const lines = readLines(localFile(statement.file), {
    format: byteFormat(statement.format),
    ignoreLines: statement.ignoreLines,
    lineBytesMax: Number(session.variables.get('global', 'max_allowed_packet')),
  });
  const kept = keepLines(lines);
  let next: PlannedLoad | null = planned;
  try {
    return await withFreshCatalog(parts.context, { session, statement }, async () => {
      if (!kept.canRepeat) throw databaseError('tableChanged', {});
      const plan = next ?? planLoad(run, statement);
      next = null;
      return await insertLines(session, plan, kept);
    });
  } finally {
    await kept.close();
  }
}

interface PlannedLoad {
  readonly load: Load;
  readonly insert: ResolvedInsert;
  readonly environment: ResolveEnvironment;
}

function planLoad(run: StatementRun, statement: LoadDataStatement): PlannedLoad {
  const { parts, session } = run;
  const environment = lenient(resolveEnvironment(parts, session, run.parameters));
  const execution = createExecution(parts, session);
  const { table } = resolveTarget(statement.table, environment);
  const load = prepareLoad(run, statement, { table, execution });
  const { at, table: name, replace } = statement;
  const syntax: InsertStatement = {
    ...{ kind: 'insert', at, table: name, replace, ignore: !replace },
    columns: load.columns.map((column) => column.name),
    source: { kind: 'values', rows: [] },
    rowAlias: null,
    onDuplicate: [],
  };
  const insert = resolveInsert(syntax, environment, storeConstant(parts, session));
  return { load, insert, environment };
}

async function insertLines(
  session: Session,
  { load, insert, environment }: PlannedLoad,
  lines: KeptLines,
): Promise<OkResult> {
  session.warnings = [];
  const rows: GivenRows = {
    get canRepeat() {
      return lines.canRepeat;
    },
    read: () => givenRows(load, lines.read()),
  };
  const given = { ...insert, source: { kind: 'given', rows } as const };
  const completion = insertCompletion(load.execution, session, { insert: given, environment });
  const inserted = await runInsert(load.execution, {
    insert: given,
    completion,
    foundRows: false,
  });
  const { records, duplicates, affected, firstGenerated, insertId } = inserted;
  if (insert.mode === 'ignore') warnOfLeftOut(session, inserted);
  if (firstGenerated !== null) session.lastInsertId = firstGenerated;
  const [deleted, skipped] = insert.mode === 'replace' ? [duplicates, 0] : [0, duplicates];
  const info =
    `Records: ${records}  Deleted: ${deleted}  Skipped: ${skipped}  ` +
    `Warnings: ${session.warnings.length}`;
  return ok(affected, insertId, info);
}

function prepareLoad(
  { parts, session }: StatementRun,
  statement: LoadDataStatement,
  { table, execution }: { readonly table: TableDefinition; readonly execution: Execution },
): Load {
  const targets = statement.targets ?? visibleColumns(table);
  const places = targets.map((target): Place => {
    if (target.kind === 'userVariable') return target;
    return { kind: 'column', column: writableColumn(table, target.name) };
  });
  const assigned = new AssignedValues(
    statement.assignments.map(({ column, value }) => ({
      column: writableColumn(table, column.column),
      value,
    })),
    places.map((place) => (place.kind === 'column' ? place.column.name : place.name)),
    {
      environment: (parameters) => resolveEnvironment(parts, session, parameters),
      evaluate: (expressions) => evaluateExpressions(execution, expressions),
    },
  );
  const own = places.flatMap((place) => {
    return place.kind === 'column' && !assigned.has(place.column) ? [place.column] : [];
  });
  const named = statement.charset ?? session.variables.get('session', 'character_set_database');
  const charset = charsetNamed(String(named)).name;
  const columns = [...own, ...assigned.columns];
  return { session, execution, places, columns, assigned, charset };
}

function visibleColumns(table: TableDefinition): readonly LoadTarget[] {
  const generated = table.columns.find((column) => column.generated !== undefined);
  if (generated !== undefined) {
    const what = `LOAD DATA without a list of columns, '${generated.name}' being a generated one`;
    throw databaseError('unsupported', { what });
  }
  return table.columns
    .filter((column) => !column.hidden)
    .map(({ name }) => ({ kind: 'column', name }));
}

async function* givenRows(load: Load, lines: AsyncIterable<LineBatch>): GivenBatches {
  let row = 0;
  for await (const batch of lines) {
    if (load.execution.signal.aborted) throw databaseError('queryInterrupted', {});
    const values = batch.map((fields) => valuesOf(load, fields, (row += 1)));
    rememberVariables(load, must(values.at(-1)));
    const assigned = load.assigned.of(values);
    yield values.map((own, index) => [...ownColumns(load, own), ...must(assigned[index])]);
  }
}

/** A value for every place; what a line lacks is left to the column's default. */
function valuesOf(load: Load, fields: readonly Field[], row: number): readonly GivenValue[] {
  const { session, places } = load;
  if (fields.length !== places.length && !endsWithSeparator(fields, places.length)) {
    const name = fields.length < places.length ? 'tooFewFields' : 'tooManyFields';
    session.report('Warning', databaseError(name, { row }));
  }
  return places.map((place, index) => {
    const field = fields[index];
    if (field !== undefined) return fieldValue(load, place, field);
    return place.kind === 'column' ? 'default' : nullValue;
  });
}

/** MySQL takes a separator behind the last field for its end: nothing comes behind it. */
function endsWithSeparator(fields: readonly Field[], wanted: number): boolean {
  return fields.length === wanted + 1 && fields[wanted]?.length === 0;
}

function fieldValue({ charset }: Load, place: Place, field: Field): SourceValue {
  if (field === null) return nullValue;
  const isBinary = place.kind === 'column' && place.column.type.kind === 'binary';
  if (isBinary || charset === 'binary') {
    const type = { kind: 'binary', form: 'varbinary', length: field.length } as const;
    return { type, value: new Uint8Array(field) };
  }
  const value = decodeText(field, charset);
  const collation = 'utf8mb4_general_ci';
  return { type: { kind: 'string', form: 'varchar', length: value.length, collation }, value };
}

function ownColumns({ places, assigned }: Load, values: readonly GivenValue[]) {
  return values.filter((_, index) => {
    const place = must(places[index]);
    return place.kind === 'column' && !assigned.has(place.column);
  });
}

/** The variables keep what the last line gave them. */
function rememberVariables({ session, places }: Load, values: readonly GivenValue[]): void {
  places.forEach((place, index) => {
    const value = values[index];
    if (place.kind !== 'userVariable' || value === undefined || value === 'default') return;
    session.userVariables.set(place.name, value);
  });
}
