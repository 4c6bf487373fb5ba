// Gathers rows into a SQLite of the aggregator and runs the rest of a query there: in memory and at
// once where they are few, in a worker process where they are many.

import type { GatheredTable, RecurseOperator } from '#aggregator/planner/plan.ts';
import type { Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { RowBatch } from '#shared/wire/message.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { EncodedBatches, Execution } from './execution.ts';
import { gatherElsewhere, type GatheredBatch } from './gather-elsewhere.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { GatherSize, HERE_ROWS_MAX } from './gather-size.ts';
import { definitionOf, insertRows, shapeOf } from './gather-table.ts';
import { bindRecursion, foundRows, recurse, type Recursion } from './recurse.ts';
import { bindFragment } from './statement-values.ts';

/** Rows that are handed on together. */
const BATCH_ROWS = 256;

type Table = Pick<GatheredTable, 'name' | 'columns'>;

/** A gathered table with its rows as they come. */
export interface GatheredSource {
  readonly table: Table;
  readonly rows: EncodedBatches;
}

/** What is done with gathered rows: a recursion first, where there is one, then a query. */
interface Combining {
  readonly recursion: Recursion | null;
  readonly statement: Fragment;
}

/** Gathers all sources, then yields the rows of `statement` over them. */
export function combine(
  execution: Execution,
  sources: readonly GatheredSource[],
  statement: Fragment,
): EncodedBatches {
  return combineSources(execution, sources, { recursion: null, statement });
}

/** Gathers all sources, then yields the rows that the recursion makes of them. */
export function combineSteps(
  execution: Execution,
  sources: readonly GatheredSource[],
  operator: RecurseOperator,
): EncodedBatches {
  const recursion = bindRecursion(operator, execution.values);
  return combineSources(execution, sources, { recursion, statement: foundRows(operator) });
}

async function* combineSources(
  execution: Execution,
  sources: readonly GatheredSource[],
  { recursion, statement }: Combining,
): EncodedBatches {
  const tables = sources.map(({ table }) => table);
  const size = new GatherSize(tables.length);
  const coming = batchesOf(execution, sources);
  const gathered: GatheredBatch[] = [];
  try {
    for (let next = await coming.next(); next.done !== true; next = await coming.next()) {
      gathered.push(next.value);
      size.add(next.value.table, next.value.batch);
      if (size.isSmall) continue;
      const batches = oneAfterTheOther(gathered, coming);
      const large = { tables: tables.map(shapeOf), batches, recursion, statement };
      yield* gatherElsewhere(execution, large);
      return;
    }
    const small = { tables, gathered, size };
    if (recursion === null) yield* combineHere(execution, small, statement);
    else yield* recurseHere(execution, small, { recursion, statement });
  } finally {
    await coming.return();
  }
}

async function* batchesOf(
  { signal }: Execution,
  sources: readonly GatheredSource[],
): AsyncGenerator<GatheredBatch, void, undefined> {
  for (const [table, { rows }] of sources.entries()) {
    for await (const batch of rows) {
      if (signal.aborted) throw databaseError('queryInterrupted', {});
      yield { table, batch };
    }
  }
}

/** What is here already is let go of as it is handed on. */
async function* oneAfterTheOther(
  here: GatheredBatch[],
  coming: AsyncIterable<GatheredBatch>,
): AsyncGenerator<GatheredBatch, void, undefined> {
  yield* here.splice(0);
  yield* coming;
}

interface SmallGather {
  readonly tables: readonly Table[];
  readonly gathered: readonly GatheredBatch[];
  readonly size: GatherSize;
}

async function* combineHere(
  execution: Execution,
  { tables, gathered, size }: SmallGather,
  statement: Fragment,
): AsyncGenerator<RowBatch, void, undefined> {
  const used = execution.gatherFiles.take(tables);
  try {
    const shapes = tables.map(shapeOf);
    for (const { table, batch } of gathered) {
      insertRows(used.file, must(shapes[table]), rowsOfBatch(batch));
    }
    const compiled = bindFragment(statement, execution.values);
    let rows: Row[] = [];
    for (const row of used.file.iterate(compiled.sql, compiled.parameters)) {
      rows.push(row);
      if (rows.length < BATCH_ROWS) continue;
      if (execution.signal.aborted) throw databaseError('queryInterrupted', {});
      yield { rows };
      rows = [];
    }
    if (rows.length > 0) yield { rows };
  } finally {
    execution.gatherFiles.giveBack(used, size.bytes);
  }
}

/** A recursion that turns out to be long begins anew in a worker. */
async function* recurseHere(
  execution: Execution,
  { tables, gathered, size }: SmallGather,
  { recursion, statement }: { readonly recursion: Recursion; readonly statement: Fragment },
): AsyncGenerator<RowBatch, void, undefined> {
  const shapes = tables.map(shapeOf);
  const file = openWithFunctions(':memory:');
  let rows: Row[] | null = null;
  try {
    for (const shape of shapes) file.exec(definitionOf(shape));
    for (const { table, batch } of gathered) {
      insertRows(file, must(shapes[table]), rowsOfBatch(batch));
    }
    const goesOn = (last: number, all: number) => all <= HERE_ROWS_MAX && size.isSmallWith(last);
    if (recurse(file, recursion, goesOn)) rows = file.rows(statement.sql, [], false);
  } finally {
    file.close();
  }
  if (rows !== null) {
    if (rows.length > 0) yield { rows };
    return;
  }
  const batches = oneAfterTheOther([...gathered], nothingMore());
  yield* gatherElsewhere(execution, { tables: shapes, batches, recursion, statement });
}

async function* nothingMore(): AsyncGenerator<GatheredBatch, void, undefined> {}

/** As combine, of one table whose rows are all there; null where they are not few. */
export function combineNow(
  execution: Execution,
  { table, rows }: { readonly table: Table; readonly rows: readonly Row[] },
  statement: Fragment,
): readonly Row[] | null {
  const size = new GatherSize(1);
  size.add(0, { rows });
  if (!size.isSmall) return null;
  const gathered = execution.gatherFiles.take([table]);
  try {
    insertRows(gathered.file, shapeOf(table), rows);
    const compiled = bindFragment(statement, execution.values);
    return gathered.file.rows(compiled.sql, compiled.parameters, false);
  } finally {
    execution.gatherFiles.giveBack(gathered, size.bytes);
  }
}

/** As combine, of no table at all. */
export function computeNow(execution: Execution, statement: Fragment): readonly Row[] {
  const { sql, parameters } = bindFragment(statement, execution.values);
  const gathered = execution.gatherFiles.take([]);
  try {
    return gathered.file.rows(sql, parameters, false);
  } finally {
    execution.gatherFiles.giveBack(gathered, 0);
  }
}
