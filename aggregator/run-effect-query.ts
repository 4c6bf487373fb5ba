// SELECT of functions that do something, such as SELECT GET_LOCK('name', 10): without FROM, its
// items are evaluated here one after another, each seeing what those before it did.

import { EffectRun } from './executor/run-effects.ts';
import type { Execution } from './executor/execution.ts';
import type { Expression, SelectStatement } from './parser/ast.ts';
import { emptySelect } from './parser/query-tail.ts';
import { boundsOf } from './planner/planning.ts';
import { resolveQuery } from './planner/resolve-query.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import type { ResolvedSelect } from './planner/resolved-query.ts';
import { containsQuery } from './planner/walk-expression.ts';
import type { Session } from './session.ts';
import { sessionEffects } from './session-effects.ts';
import {
  createExecution,
  resolveEnvironment,
  sqlModeOf,
  type StatementParts,
} from './statement-environment.ts';
import type { ResultColumn } from './statement-result.ts';
import { assert, must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

const effects: ReadonlySet<string> = new Set(
  'sleep get_lock release_lock release_all_locks is_free_lock is_used_lock'.split(' '),
);

/** True for a SELECT without FROM in which a function stands that does something. */
export function isEffectQuery(select: SelectStatement): boolean {
  return select.from === null && hasEffect([select.items, select.where]);
}

/** Looks at syntax, of whatever kind: resolving a later item takes the effects of those before. */
function hasEffect(node: unknown): boolean {
  return someNode(node, (part) => {
    if (part['kind'] === 'assignment') return true;
    if (part['kind'] !== 'call') return false;
    const { name, arguments: parts } = part as { name?: unknown; arguments?: readonly unknown[] };
    return name === 'last_insert_id' ? parts?.length === 1 : effects.has(String(name));
  });
}

type PlainNode = Readonly<Record<string, unknown>>;

function someNode(node: unknown, test: (node: PlainNode) => boolean): boolean {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return false;
  if (!Array.isArray(node) && test(node as PlainNode)) return true;
  return Object.values(node).some((part) => someNode(part, test));
}

interface EffectRunParts {
  readonly parts: StatementParts;
  readonly session: Session;
  readonly parameters: readonly SourceValue[];
}

/** The columns and the row, or null where WHERE or LIMIT leaves none. Throws as they do. */
export async function runEffectQuery(
  { parts, session, parameters }: EffectRunParts,
  select: SelectStatement,
): Promise<{
  readonly columns: readonly ResultColumn[];
  readonly row: readonly StoredValue[] | null;
}> {
  if (select.groupBy.length > 0 || select.having !== null) refuse('GROUP BY or HAVING');
  const environment = resolveEnvironment(parts, session, parameters);
  const execution = liveExecution(createExecution(parts, session), session);
  const perform = sessionEffects({
    context: parts.context,
    session,
    sqlMode: sqlModeOf(parts, session),
  });
  const run = new EffectRun(execution, perform);
  const { count, offset } = boundsOf(resolved({ ...select, items: one(select) }, environment));
  const isThere = count !== 0 && offset === 0 && (await isTrue(run, select, environment));
  const columns: ResultColumn[] = [];
  const row: StoredValue[] = [];
  for (const item of select.items) {
    refuseReadBack(item);
    const [found] = resolved({ ...emptySelect(select.at), items: [item] }, environment).items;
    const { expression, column } = must(found);
    if (containsQuery(expression)) refuse('a subquery');
    columns.push(column);
    if (isThere) row.push((await run.value(expression)).value);
  }
  return { columns, row: isThere ? row : null };
}

function refuse(what: string): never {
  throw databaseError('unsupported', {
    what: `${what} beside SLEEP(), GET_LOCK(), @variable := value and their like`,
  });
}

function resolved(select: SelectStatement, environment: ResolveEnvironment): ResolvedSelect {
  const query = resolveQuery(select, environment);
  assert(query.kind === 'select', 'a SELECT stays one');
  return query;
}

async function isTrue(
  run: EffectRun,
  { where, at }: SelectStatement,
  environment: ResolveEnvironment,
): Promise<boolean> {
  if (where === null) return true;
  const select = { ...emptySelect(at), items: one({ at }), where };
  const condition = must(resolved(select, environment).where);
  if (containsQuery(condition)) refuse('a subquery');
  const { value } = await run.value(condition);
  return value !== null && Number(value) !== 0;
}

/** An item in place of those that must not be resolved yet. */
function one({ at }: Pick<SelectStatement, 'at'>): SelectStatement['items'] {
  const expression: Expression = { kind: 'integer', at, text: '1' };
  return [{ kind: 'expression', at, expression, alias: null, text: '1' }];
}

/** An item that assigns a variable and reads it besides: what it reads would hang on the order. */
function refuseReadBack(item: SelectStatement['items'][number]): void {
  someNode(item, (node) => {
    if (node['kind'] !== 'assignment') return false;
    const { name } = node;
    const reads = (part: PlainNode) => part['kind'] === 'userVariable' && part['name'] === name;
    if (countNodes(item, reads) > countNodes(node['value'], reads)) {
      refuse(`another look at @${String(name)} in the same expression`);
    }
    return false;
  });
}

function countNodes(node: unknown, test: (node: PlainNode) => boolean): number {
  let count = 0;
  someNode(node, (part) => {
    if (test(part)) count += 1;
    return false;
  });
  return count;
}

/** The execution with LAST_INSERT_ID() as it is, not as it was when the statement began. */
function liveExecution(execution: Execution, session: Session): Execution {
  const { values } = execution;
  return {
    ...execution,
    values: {
      ...values,
      contextValue: (name, fsp, type) =>
        name === 'lastInsertId' ? session.lastInsertId : values.contextValue(name, fsp, type),
    },
  };
}
