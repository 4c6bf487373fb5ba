// Queries back to MySQL text.

import { unreachable } from '#shared/assert.ts';
import type { WithClause } from './ast-change.ts';
import type {
  JoinReference,
  LimitClause,
  LockClause,
  Query,
  SelectItem,
  SelectStatement,
  SetOperation,
  TableReference,
} from './ast-query.ts';
import { windowText } from './print-expression.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { nameListText, orderByText, tableNameText, words, type Printer } from './print-text.ts';

/** The query; parentheses around it are the caller's. */
export function queryText(printer: Printer, query: Query): string {
  switch (query.kind) {
    case 'select':
      return selectText(printer, query);
    case 'setOperation':
      return setOperationText(printer, query);
    case 'with':
      return `${withText(printer, query)} ${queryText(printer, query.query)}`;
    case 'values': {
      const rows = query.rows.map((row) => {
        return `ROW(${row.map((item) => printer.expression(item)).join(', ')})`;
      });
      return words(`VALUES ${rows.join(', ')}`, tailText(printer, query));
    }
    default:
      return unreachable(query);
  }
}

/** WITH and its tables. */
export function withText(printer: Printer, clause: WithClause): string {
  const tables = clause.tables.map((table) => {
    const columns = table.columns.length === 0 ? '' : ` ${nameListText(table.columns)}`;
    return `${nameText(table.name)}${columns} AS (${queryText(printer, table.query)})`;
  });
  return words('WITH', clause.recursive && 'RECURSIVE', tables.join(', '));
}

function setOperationText(printer: Printer, query: SetOperation): string {
  return words(
    `(${queryText(printer, query.left)})`,
    query.operator.toUpperCase(),
    query.all && 'ALL',
    `(${queryText(printer, query.right)})`,
    tailText(printer, query),
  );
}

function tailText(printer: Printer, query: Pick<SelectStatement, 'orderBy' | 'limit'>): string {
  return words(orderByText(printer, query.orderBy), limitText(printer, query.limit));
}

/** `LIMIT n OFFSET m`, or ''. */
export function limitText(printer: Printer, limit: LimitClause | null): string {
  if (limit === null) return '';
  const { count, offset } = limit;
  return words(
    `LIMIT ${printer.expression(count)}`,
    offset !== null && `OFFSET ${printer.expression(offset)}`,
  );
}

function selectText(printer: Printer, select: SelectStatement): string {
  const { where, groupBy, having, windows, from } = select;
  const expressions = groupBy.map((item) => printer.expression(item)).join(', ');
  const named = windows.map(({ name, window }) => {
    return `${nameText(name)} AS ${windowText(printer, window)}`;
  });
  return words(
    'SELECT',
    select.distinct && 'DISTINCT',
    select.calculateFoundRows && 'SQL_CALC_FOUND_ROWS',
    select.items.map((item) => itemText(printer, item)).join(', '),
    from !== null && `FROM ${fromText(printer, from)}`,
    // WHERE without a table needs one in name.
    from === null && where !== null && 'FROM DUAL',
    where !== null && `WHERE ${printer.expression(where)}`,
    groupBy.length > 0 && `GROUP BY ${expressions}`,
    select.rollup && 'WITH ROLLUP',
    having !== null && `HAVING ${printer.expression(having)}`,
    windows.length > 0 && `WINDOW ${named.join(', ')}`,
    tailText(printer, select),
    intoText(select.intoVariables),
    select.lock !== null && lockText(select.lock),
  );
}

function intoText(variables: readonly string[]): string {
  if (variables.length === 0) return '';
  return `INTO ${variables.map((name) => `@${nameText(name)}`).join(', ')}`;
}

function lockText(lock: LockClause): string {
  return words(
    `FOR ${lock.mode.toUpperCase()}`,
    lock.tables.length > 0 && `OF ${lock.tables.map(nameText).join(', ')}`,
    lock.wait !== 'wait' && lock.wait.toUpperCase(),
  );
}

function itemText(printer: Printer, item: SelectItem): string {
  if (item.kind === 'wildcard') {
    const names = [item.database, item.table].filter((name) => name !== null);
    return [...names.map(nameText), '*'].join('.');
  }
  const alias = item.alias === null ? '' : ` AS ${nameText(item.alias)}`;
  return `${printer.expression(item.expression)}${alias}`;
}

/** What stands behind FROM. */
export function fromText(printer: Printer, from: TableReference): string {
  switch (from.kind) {
    case 'table': {
      const alias = from.alias === null ? '' : ` AS ${nameText(from.alias)}`;
      return `${tableNameText(from)}${alias}`;
    }
    case 'derived':
      return words(
        from.lateral && 'LATERAL',
        `(${queryText(printer, from.query)})`,
        `AS ${nameText(from.alias)}`,
        from.columns.length > 0 && nameListText(from.columns),
      );
    case 'join':
      return joinText(printer, from);
    default:
      return unreachable(from);
  }
}

function joinText(printer: Printer, join: JoinReference): string {
  const side = (table: TableReference): string => {
    return table.kind === 'join' ? `(${fromText(printer, table)})` : fromText(printer, table);
  };
  const word = join.join === 'straight' ? 'STRAIGHT_JOIN' : `${join.join.toUpperCase()} JOIN`;
  return words(
    side(join.left),
    join.natural && 'NATURAL',
    word,
    side(join.right),
    join.on !== null && `ON ${printer.expression(join.on)}`,
    join.using !== null && `USING ${nameListText(join.using)}`,
  );
}
