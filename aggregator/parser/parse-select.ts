// SELECT, VALUES, TABLE, WITH and the set operations between them.

import type {
  Expression,
  LimitClause,
  LockClause,
  Query,
  SelectItem,
  SelectStatement,
  SetOperation,
  ValuesQuery,
  WindowSpecification,
} from './ast-query.ts';
import { must } from '#shared/assert.ts';
import { halved } from './halved.ts';
import { parseFrom } from './parse-from.ts';
import { parseOrderBy, parseWindow } from './parse-window.ts';
import { parseWithClause } from './parse-with.ts';
import { attachTail, emptySelect, type QueryTail } from './query-tail.ts';
import type { TokenReader } from './token-reader.ts';

/** A query with everything that belongs to it; the parentheses around it are not read. */
export function parseQuery(reader: TokenReader): Query {
  const clause = parseWithClause(reader);
  const query = parseRest(reader, parseIntersections(reader, null));
  return clause === null ? query : { kind: 'with', ...clause, query };
}

/** What may follow a query in parentheses: UNION, ORDER BY, LIMIT, FOR UPDATE. */
export function parseQueryRest(reader: TokenReader, left: Query): Query {
  return parseRest(reader, parseIntersections(reader, { query: left, isClosed: true }));
}

/** A query, and whether its own ORDER BY and LIMIT are sealed in parentheses. */
interface Operand {
  readonly query: Query;
  readonly isClosed: boolean;
}

const noTail: Pick<SetOperation, 'orderBy' | 'limit'> = { orderBy: [], limit: null };

/** One of the set operations of equal rank that stand one after another. */
interface SetOperationStep extends Pick<SetOperation, 'at' | 'all'> {
  readonly operator: 'union' | 'except';
  readonly right: Query;
}

function parseRest(reader: TokenReader, first: Operand): Query {
  const steps: SetOperationStep[] = [];
  for (;;) {
    const { at } = reader;
    const operator = reader.acceptOneOf(['union', 'except'] as const);
    if (operator === null) break;
    const all = parseAll(reader);
    steps.push({ at, operator, all, right: parseIntersections(reader, null).query });
  }
  const query = stepByStep(reader, first.query, steps);
  return attachTail(query, parseTail(reader), steps.length === 0 && first.isClosed);
}

/** From left to right; a run of one sort of UNION, which is associative, as one. */
function stepByStep(reader: TokenReader, first: Query, steps: readonly SetOperationStep[]): Query {
  let left = first;
  for (let i = 0; i < steps.length;) {
    const { at, operator, all } = must(steps[i]);
    const operands = [left];
    do operands.push(must(steps[i++]).right);
    while (operator === 'union' && steps[i]?.operator === 'union' && steps[i]?.all === all);
    reader.height += Math.ceil(Math.log2(operands.length));
    const operation = { kind: 'setOperation', at, operator, all } as const;
    left = halved(operands, (a, b) => ({ ...operation, left: a, right: b, ...noTail }));
  }
  return left;
}

/** INTERSECT binds tighter than UNION and EXCEPT. */
function parseIntersections(reader: TokenReader, first: Operand | null): Operand {
  let left = first ?? parseQueryOperand(reader);
  for (;;) {
    const { at } = reader;
    if (!reader.acceptWord('intersect')) return left;
    const all = parseAll(reader);
    const right = parseQueryOperand(reader).query;
    reader.height++;
    const operation = { kind: 'setOperation', at, operator: 'intersect', all } as const;
    left = { query: { ...operation, left: left.query, right, ...noTail }, isClosed: false };
  }
}

function parseAll(reader: TokenReader): boolean {
  if (reader.acceptWord('all')) return true;
  reader.acceptWord('distinct');
  return false;
}

function parseQueryOperand(reader: TokenReader): Operand {
  const { at } = reader;
  if (reader.acceptOperator('(')) {
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { query, isClosed: true };
  }
  if (reader.isWord('values')) return { query: parseValues(reader), isClosed: false };
  if (reader.acceptWord('table')) {
    const table = reader.tableName();
    const items: SelectItem[] = [{ kind: 'wildcard', at, database: null, table: null }];
    const from = { kind: 'table', ...table, alias: null } as const;
    return { query: { ...emptySelect(at), items, from }, isClosed: false };
  }
  return { query: parseSelectBlock(reader), isClosed: false };
}

function parseValues(reader: TokenReader): ValuesQuery {
  const { at } = reader;
  reader.next();
  const rows = reader.list(() => {
    reader.expectWord('row');
    return reader.parenthesized(() => reader.parseExpression());
  });
  return { kind: 'values', at, rows, orderBy: [], limit: null };
}

const ignoredOptions = [
  'high_priority',
  'straight_join',
  'sql_small_result',
  'sql_big_result',
  'sql_buffer_result',
  'sql_no_cache',
  'sql_cache',
] as const;

/** SELECT up to WINDOW: what follows belongs to the whole query. */
function parseSelectBlock(reader: TokenReader): SelectStatement {
  const { at } = reader;
  reader.expectWord('select');
  let distinct = false;
  let calculateFoundRows = false;
  for (;;) {
    if (reader.acceptOneOf(['distinct', 'distinctrow'] as const) !== null) distinct = true;
    else if (reader.acceptWord('sql_calc_found_rows')) calculateFoundRows = true;
    else if (!reader.acceptWord('all') && reader.acceptOneOf(ignoredOptions) === null) break;
  }
  const items = reader.list(() => parseSelectItem(reader));
  const intoVariables = parseInto(reader);
  const from = reader.acceptWord('from') ? parseFromOrDual(reader) : null;
  const where = reader.acceptWord('where') ? reader.parseExpression() : null;
  const groupBy = parseGroupBy(reader);
  const having = reader.acceptWord('having') ? reader.parseExpression() : null;
  const windows = parseWindows(reader);
  return {
    ...emptySelect(at),
    distinct,
    calculateFoundRows,
    items,
    from,
    where,
    ...groupBy,
    having,
    windows,
    intoVariables,
  };
}

function parseFromOrDual(reader: TokenReader): SelectStatement['from'] {
  return reader.acceptWord('dual') ? null : parseFrom(reader);
}

function parseGroupBy(reader: TokenReader): { groupBy: Expression[]; rollup: boolean } {
  if (!reader.acceptWord('group')) return { groupBy: [], rollup: false };
  reader.expectWord('by');
  const groupBy = reader.list(() => reader.parseExpression());
  return { groupBy, rollup: reader.acceptWords('with rollup') };
}

function parseWindows(reader: TokenReader): { name: string; window: WindowSpecification }[] {
  if (!reader.acceptWord('window')) return [];
  return reader.list(() => {
    const name = reader.name();
    reader.expectWord('as');
    return { name, window: parseWindow(reader) };
  });
}

function parseSelectItem(reader: TokenReader): SelectItem {
  const { at, lexer } = reader;
  const wildcard = parseWildcard(reader);
  if (wildcard !== null) return wildcard;
  const expression = reader.parseExpression();
  const text = lexer.source.slice(at, reader.lastEnd);
  return { kind: 'expression', at, expression, alias: parseItemAlias(reader), text };
}

function parseItemAlias(reader: TokenReader): string | null {
  if (reader.acceptWord('as')) return reader.nameOrString();
  if (reader.lexer.kind === 'string' || reader.isName()) return reader.nameOrString();
  return null;
}

/** `*`, `t.*`, `db.t.*`; null when the item is an expression. */
function parseWildcard(reader: TokenReader): SelectItem | null {
  const { at } = reader;
  if (reader.acceptOperator('*')) return { kind: 'wildcard', at, database: null, table: null };
  if (!reader.isName() || !reader.lexer.isBeforeDot()) return null;
  const mark = reader.mark();
  const names = [reader.name()];
  while (reader.acceptOperator('.')) {
    if (reader.acceptOperator('*') && names.length <= 2) {
      const [table = '', database = null] = names.reverse();
      return { kind: 'wildcard', at, database, table };
    }
    if (reader.lexer.kind !== 'word' && reader.lexer.kind !== 'quoted') break;
    names.push(reader.nameAfterDot());
  }
  reader.reset(mark);
  return null;
}

/** INTO @a, @b: the variables' names. */
function parseInto(reader: TokenReader): string[] {
  if (!reader.isWord('into')) return [];
  reader.next();
  if (reader.isWord('outfile')) throw reader.unsupported('SELECT INTO OUTFILE');
  if (reader.isWord('dumpfile')) throw reader.unsupported('SELECT INTO DUMPFILE');
  return reader.list(() => reader.userVariable());
}

function parseTail(reader: TokenReader): QueryTail {
  const orderBy = parseOrderBy(reader);
  const limit = parseLimit(reader);
  const before = parseInto(reader);
  const lock = parseLock(reader);
  const intoVariables = before.length > 0 ? before : parseInto(reader);
  return { orderBy, limit, lock, intoVariables };
}

/** LIMIT n, LIMIT offset, n, LIMIT n OFFSET offset; or null. */
export function parseLimit(reader: TokenReader): LimitClause | null {
  const { at } = reader;
  if (!reader.acceptWord('limit')) return null;
  const first = parseLimitNumber(reader);
  if (reader.acceptOperator(',')) return { at, count: parseLimitNumber(reader), offset: first };
  const offset = reader.acceptWord('offset') ? parseLimitNumber(reader) : null;
  return { at, count: first, offset };
}

function parseLimitNumber(reader: TokenReader): Expression {
  const { kind } = reader.lexer;
  if (kind !== 'integer' && kind !== 'parameter') throw reader.syntaxError();
  return reader.parseTerm();
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE; of several the strongest. */
function parseLock(reader: TokenReader): LockClause | null {
  let lock: LockClause | null = null;
  for (;;) {
    const { at } = reader;
    let mode: 'update' | 'share' = 'share';
    if (reader.acceptWord('for')) mode = reader.expectOneOf(['update', 'share'] as const);
    else if (!reader.acceptWords('lock in share mode')) return lock;
    const tables = reader.acceptWord('of') ? reader.list(() => reader.name()) : [];
    let wait: LockClause['wait'] = 'wait';
    if (reader.acceptWord('nowait')) wait = 'nowait';
    else if (reader.acceptWords('skip locked')) wait = 'skip locked';
    if (lock === null || mode === 'update') lock = { at, mode, tables, wait };
  }
}
