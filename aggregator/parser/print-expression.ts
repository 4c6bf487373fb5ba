// Expressions back to MySQL text, with parentheses round every operand that is not atomic.

import { unreachable } from '#shared/assert.ts';
import type {
  AggregateExpression,
  CallExpression,
  CastType,
  Expression,
  FrameBound,
  WindowSpecification,
} from './ast-query.ts';
import { isFunctionWord } from './reserved-words.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { orderByText, stringText, words, type Printer } from './print-text.ts';

/** Kinds that need no parentheses where an operand stands. */
const atoms: ReadonlySet<Expression['kind']> = new Set<Expression['kind']>([
  'null',
  'boolean',
  'integer',
  'decimal',
  'double',
  'string',
  'hex',
  'bit',
  'temporal',
  'parameter',
  'column',
  'userVariable',
  'systemVariable',
  'case',
  'cast',
  'convertUsing',
  'call',
  'aggregate',
  'window',
  'extract',
  'timestampDiff',
  'trim',
  'char',
  'jsonExtract',
  'match',
  'insertedValue',
  'default',
  'row',
  'scalarQuery',
  'exists',
]);

/** The expression where it is an operand. */
function operandText(printer: Printer, expression: Expression): string {
  const text = expressionText(printer, expression);
  return atoms.has(expression.kind) ? text : `(${text})`;
}

function listText(printer: Printer, list: readonly Expression[]): string {
  return list.map((item) => printer.expression(item)).join(', ');
}

/** The expression without parentheses around the whole. */
export function expressionText(printer: Printer, expression: Expression): string {
  const operand = (inner: Expression): string => operandText(printer, inner);
  switch (expression.kind) {
    case 'unary':
      return `${expression.operator.toUpperCase()} ${operand(expression.operand)}`;
    case 'binary': {
      const { left, operator, right } = expression;
      if (operator === 'concat') return `CONCAT(${listText(printer, [left, right])})`;
      return `${operand(left)} ${operator.toUpperCase()} ${operand(right)}`;
    }
    case 'and':
    case 'or':
      return expression.operands.map(operand).join(` ${expression.kind.toUpperCase()} `);
    case 'is':
    case 'between':
    case 'in':
    case 'inQuery':
    case 'like':
    case 'regexp':
      return predicateText(printer, expression);
    case 'soundsLike':
      return `${operand(expression.left)} SOUNDS LIKE ${operand(expression.right)}`;
    case 'memberOf':
      return `${operand(expression.operand)} MEMBER OF (${printer.expression(expression.array)})`;
    case 'collate':
      return `${operand(expression.operand)} COLLATE ${nameText(expression.collation)}`;
    case 'assignment':
      return `@${nameText(expression.name)} := ${operand(expression.value)}`;
    case 'quantified': {
      const quantifier = `${expression.operator} ${expression.quantifier.toUpperCase()}`;
      return `${operand(expression.operand)} ${quantifier} (${printer.query(expression.query)})`;
    }
    case 'dateArithmetic': {
      const interval = `INTERVAL ${operand(expression.amount)} ${expression.unit.toUpperCase()}`;
      return `${operand(expression.operand)} ${expression.operator} ${interval}`;
    }
    default:
      return atomText(printer, expression);
  }
}

type Predicate = Extract<
  Expression,
  { kind: 'is' | 'between' | 'in' | 'inQuery' | 'like' | 'regexp' }
>;

function predicateText(printer: Printer, predicate: Predicate): string {
  const operand = (inner: Expression): string => operandText(printer, inner);
  const left = operand(predicate.operand);
  const not = predicate.negated ? 'NOT ' : '';
  switch (predicate.kind) {
    case 'is':
      return `${left} IS ${not}${predicate.value.toUpperCase()}`;
    case 'between':
      return `${left} ${not}BETWEEN ${operand(predicate.low)} AND ${operand(predicate.high)}`;
    case 'in':
      return `${left} ${not}IN (${listText(printer, predicate.list)})`;
    case 'inQuery':
      return `${left} ${not}IN (${printer.query(predicate.query)})`;
    case 'like': {
      const escape = predicate.escape === null ? '' : ` ESCAPE ${operand(predicate.escape)}`;
      return `${left} ${not}LIKE ${operand(predicate.pattern)}${escape}`;
    }
    case 'regexp':
      return `${left} ${not}REGEXP ${operand(predicate.pattern)}`;
    default:
      return unreachable(predicate);
  }
}

type Operator = Extract<
  Expression,
  {
    kind:
      | Predicate['kind']
      | 'unary'
      | 'binary'
      | 'and'
      | 'or'
      | 'soundsLike'
      | 'memberOf'
      | 'collate'
      | 'assignment'
      | 'quantified'
      | 'dateArithmetic';
  }
>;
type Atom = Exclude<Expression, Operator>;

function atomText(printer: Printer, atom: Atom): string {
  switch (atom.kind) {
    case 'null':
      return 'NULL';
    case 'boolean':
      return atom.value ? 'TRUE' : 'FALSE';
    case 'integer':
    case 'decimal':
    case 'double':
      return atom.text;
    case 'string':
      return `${introducer(atom.charset)}${literalText(atom)}`;
    case 'hex':
    case 'bit':
      return `${introducer(atom.charset)}${digitsText(atom.kind, atom.bytes)}`;
    case 'temporal':
      return `${atom.type.toUpperCase()} ${stringText(atom.text)}`;
    case 'parameter':
      return '?';
    case 'column':
      return [atom.database, atom.table, atom.column]
        .filter((name) => name !== null)
        .map(nameText)
        .join('.');
    case 'userVariable':
      return `@${nameText(atom.name)}`;
    case 'systemVariable': {
      const name = atom.name.split('.').map(nameText).join('.');
      return `@@${atom.scope === null ? '' : `${atom.scope.toUpperCase()}.`}${name}`;
    }
    default:
      return compoundText(printer, atom);
  }
}

type Literal = Extract<
  Expression,
  {
    kind:
      | 'null'
      | 'boolean'
      | 'integer'
      | 'decimal'
      | 'double'
      | 'string'
      | 'hex'
      | 'bit'
      | 'temporal'
      | 'parameter'
      | 'column'
      | 'userVariable'
      | 'systemVariable';
  }
>;

function compoundText(printer: Printer, atom: Exclude<Atom, Literal>): string {
  const print = (inner: Expression): string => printer.expression(inner);
  switch (atom.kind) {
    case 'call':
      return callText(printer, atom);
    case 'aggregate':
      return aggregateText(printer, atom);
    case 'window':
      return `${expressionText(printer, atom.function)} OVER ${windowText(printer, atom.over)}`;
    case 'case':
      return caseText(printer, atom);
    case 'cast':
      return `CAST(${print(atom.operand)} AS ${castTypeText(atom.type)})`;
    case 'convertUsing':
      return `CONVERT(${print(atom.operand)} USING ${atom.charset})`;
    case 'extract':
      return `EXTRACT(${atom.unit.toUpperCase()} FROM ${print(atom.operand)})`;
    case 'timestampDiff':
      return `TIMESTAMPDIFF(${atom.unit.toUpperCase()}, ${print(atom.from)}, ${print(atom.to)})`;
    case 'trim': {
      const remove = atom.remove === null ? '' : `${print(atom.remove)} `;
      return `TRIM(${atom.side.toUpperCase()} ${remove}FROM ${print(atom.operand)})`;
    }
    case 'char': {
      const using = atom.charset === null ? '' : ` USING ${atom.charset}`;
      return `CHAR(${listText(printer, atom.arguments)}${using})`;
    }
    case 'jsonExtract':
      return `${print(atom.operand)}${atom.unquote ? '->>' : '->'}${stringText(atom.path)}`;
    case 'match': {
      const against = words(operandText(printer, atom.against), atom.modifier.toUpperCase());
      return `MATCH (${listText(printer, atom.columns)}) AGAINST (${against})`;
    }
    case 'insertedValue':
      return `VALUES(${nameText(atom.column)})`;
    case 'default':
      return atom.column === null ? 'DEFAULT' : `DEFAULT(${print(atom.column)})`;
    case 'row':
      return `ROW(${listText(printer, atom.items)})`;
    case 'scalarQuery':
      return `(${printer.query(atom.query)})`;
    case 'exists':
      return `EXISTS (${printer.query(atom.query)})`;
    default:
      return unreachable(atom);
  }
}

function introducer(charset: string | null): string {
  return charset === null ? '' : `_${charset} `;
}

function digitsText(kind: 'hex' | 'bit', bytes: Uint8Array): string {
  if (kind === 'hex') return `x'${Buffer.from(bytes).toString('hex')}'`;
  return `b'${[...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')}'`;
}

/** A stored function's name has its database in front, and both keep their case. */
function callName(name: string): string {
  if (/^[a-z_]\w*$/.test(name) && isFunctionWord(name)) return name.toUpperCase();
  return name.split('.').map(nameText).join('.');
}

function callText(printer: Printer, call: CallExpression): string {
  const [first, ...rest] = call.arguments;
  if (call.name === 'get_format' && first?.kind === 'string') {
    return `GET_FORMAT(${first.value.toUpperCase()}, ${listText(printer, rest)})`;
  }
  return `${callName(call.name)}(${listText(printer, call.arguments)})`;
}

function aggregateText(printer: Printer, aggregate: AggregateExpression): string {
  if (aggregate.name === 'count' && aggregate.arguments.length === 0) return 'COUNT(*)';
  const isGroupConcat = aggregate.name === 'group_concat';
  const inner = words(
    aggregate.distinct && 'DISTINCT',
    listText(printer, aggregate.arguments),
    orderByText(printer, aggregate.orderBy),
    isGroupConcat && `SEPARATOR ${stringText(aggregate.separator)}`,
  );
  return `${aggregate.name.toUpperCase()}(${inner})`;
}

function caseText(printer: Printer, atom: Extract<Expression, { kind: 'case' }>): string {
  const branches = atom.branches.map(({ when, then }) => {
    return `WHEN ${printer.expression(when)} THEN ${printer.expression(then)}`;
  });
  return words(
    'CASE',
    atom.operand !== null && printer.expression(atom.operand),
    ...branches,
    atom.otherwise !== null && `ELSE ${printer.expression(atom.otherwise)}`,
    'END',
  );
}

function castTypeText(type: CastType): string {
  switch (type.kind) {
    case 'binary':
      return type.length === null ? 'BINARY' : `BINARY(${type.length})`;
    case 'char':
      return words(
        type.length === null ? 'CHAR' : `CHAR(${type.length})`,
        type.charset !== null && `CHARACTER SET ${type.charset}`,
        type.collation !== null && 'BINARY',
      );
    case 'datetime':
    case 'time':
      return `${type.kind.toUpperCase()}(${type.fsp})`;
    case 'decimal':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    default:
      return type.kind.toUpperCase();
  }
}

/** `(…)` behind OVER or in WINDOW. */
export function windowText(printer: Printer, window: WindowSpecification): string {
  const { frame, partitionBy } = window;
  const bounds =
    frame === null
      ? ''
      : frame.end === null
        ? boundText(printer, frame.start)
        : `BETWEEN ${boundText(printer, frame.start)} AND ${boundText(printer, frame.end)}`;
  const inner = words(
    window.base !== null && nameText(window.base),
    partitionBy.length > 0 && `PARTITION BY ${listText(printer, partitionBy)}`,
    orderByText(printer, window.orderBy),
    frame !== null && `${frame.unit.toUpperCase()} ${bounds}`,
  );
  return `(${inner})`;
}

function boundText(printer: Printer, bound: FrameBound): string {
  const kind = bound.kind.toUpperCase();
  return bound.offset === null ? kind : `${operandText(printer, bound.offset)} ${kind}`;
}

/** Literals that follow each other stay two, whose first names the column. */
function literalText({ value, first }: Extract<Expression, { kind: 'string' }>): string {
  if (first === undefined) return stringText(value);
  return `${stringText(first)} ${stringText(value.slice(first.length))}`;
}
