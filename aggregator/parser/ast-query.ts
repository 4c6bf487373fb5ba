// The syntax tree of expressions, queries and row changes: plain data, as it was written.

/** Every node says where in its text it begins, in UTF-16 units. */
export interface Node {
  readonly at: number;
}

/** A database-qualified or plain table name, in its own spelling. */
export interface TableName extends Node {
  readonly database: string | null;
  readonly table: string;
}

/** A unit of INTERVAL, EXTRACT and TIMESTAMPDIFF, in lower case. */
export type IntervalUnit =
  | 'microsecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'second_microsecond'
  | 'minute_microsecond'
  | 'minute_second'
  | 'hour_microsecond'
  | 'hour_second'
  | 'hour_minute'
  | 'day_microsecond'
  | 'day_second'
  | 'day_minute'
  | 'day_hour'
  | 'year_month';

export type ComparisonOperator = '=' | '<=>' | '<>' | '<' | '<=' | '>' | '>=';

export type BinaryOperator =
  | ComparisonOperator
  | '+'
  | '-'
  | '*'
  | '/'
  | 'div'
  | '%'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | 'xor'
  /** `||` under PIPES_AS_CONCAT. */
  | 'concat';

export type UnaryOperator = '-' | '+' | '~' | 'not' | 'binary';

/** The target of CAST and CONVERT. `length`, `scale` and `fsp` are null where not written. */
export type CastType =
  | { readonly kind: 'binary'; readonly length: number | null }
  | {
      readonly kind: 'char';
      readonly length: number | null;
      readonly charset: string | null;
      readonly collation: string | null;
    }
  | { readonly kind: 'signed' | 'unsigned' | 'date' | 'year' | 'float' | 'double' | 'json' }
  | { readonly kind: 'datetime' | 'time'; readonly fsp: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number };

export type AggregateName =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'group_concat'
  | 'bit_and'
  | 'bit_or'
  | 'bit_xor'
  | 'std'
  | 'stddev_samp'
  | 'variance'
  | 'var_samp'
  | 'any_value'
  | 'json_arrayagg'
  | 'json_objectagg';

export interface OrderItem extends Node {
  readonly expression: Expression;
  readonly descending: boolean;
}

export interface FrameBound {
  readonly kind:
    'unbounded preceding' | 'unbounded following' | 'current row' | 'preceding' | 'following';
  /** For `n PRECEDING` and `n FOLLOWING`, else null. */
  readonly offset: Expression | null;
}

export interface WindowFrame {
  readonly unit: 'rows' | 'range';
  readonly start: FrameBound;
  /** Null without BETWEEN. */
  readonly end: FrameBound | null;
}

export interface WindowSpecification extends Node {
  /** The named window that this one is, or starts from; else null. */
  readonly base: string | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

export interface ColumnExpression extends Node {
  readonly kind: 'column';
  readonly database: string | null;
  readonly table: string | null;
  readonly column: string;
}

export interface CallExpression extends Node {
  readonly kind: 'call';
  /** In lower case. SUBSTRING … FROM is `substring`, POSITION … IN is `locate`. */
  readonly name: string;
  readonly arguments: readonly Expression[];
}

export interface AggregateExpression extends Node {
  readonly kind: 'aggregate';
  readonly name: AggregateName;
  readonly distinct: boolean;
  /** Empty for COUNT(*). */
  readonly arguments: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  /** GROUP_CONCAT's, ',' where not written. */
  readonly separator: string;
}

/** A predicate that may be written with NOT: `a NOT IN (1)`. */
interface Negatable {
  readonly operand: Expression;
  readonly negated: boolean;
}

export type Expression = Node &
  (
    | { readonly kind: 'null' }
    | { readonly kind: 'boolean'; readonly value: boolean }
    /** Numbers keep their digits: `text` has no sign. */
    | { readonly kind: 'integer' | 'decimal' | 'double'; readonly text: string }
    /** `charset` is the introducer without its underscore, `utf8mb4` for N'…', else null. */
    | {
        readonly kind: 'string';
        readonly value: string;
        readonly charset: string | null;
        /** Of literals that follow each other and so are one: what the first says. */
        readonly first?: string;
      }
    /** x'…', 0x…, b'…' or 0b…. */
    | {
        readonly kind: 'hex' | 'bit';
        readonly bytes: Uint8Array;
        readonly charset: string | null;
      }
    /** DATE'…', TIME'…', TIMESTAMP'…'. */
    | {
        readonly kind: 'temporal';
        readonly type: 'date' | 'time' | 'timestamp';
        readonly text: string;
      }
    /** `?`, counted from 0 through the statement. */
    | { readonly kind: 'parameter'; readonly index: number }
    | ColumnExpression
    /** The name in lower case: user variables do not know case. */
    | { readonly kind: 'userVariable'; readonly name: string }
    | { readonly kind: 'assignment'; readonly name: string; readonly value: Expression }
    | {
        readonly kind: 'systemVariable';
        readonly scope: 'session' | 'global' | null;
        readonly name: string;
      }
    | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    /** Flat: an `and` has no `and` among its operands. */
    | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
    | (Negatable & {
        readonly kind: 'is';
        readonly value: 'null' | 'true' | 'false' | 'unknown';
      })
    | (Negatable & {
        readonly kind: 'between';
        readonly low: Expression;
        readonly high: Expression;
      })
    | (Negatable & { readonly kind: 'in'; readonly list: readonly Expression[] })
    | (Negatable & { readonly kind: 'inQuery'; readonly query: Query })
    | (Negatable & {
        readonly kind: 'like';
        readonly pattern: Expression;
        readonly escape: Expression | null;
      })
    | (Negatable & { readonly kind: 'regexp'; readonly pattern: Expression })
    | { readonly kind: 'soundsLike'; readonly left: Expression; readonly right: Expression }
    | { readonly kind: 'memberOf'; readonly operand: Expression; readonly array: Expression }
    | {
        readonly kind: 'case';
        /** CASE operand WHEN …; null for CASE WHEN …. */
        readonly operand: Expression | null;
        readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
        readonly otherwise: Expression | null;
      }
    | { readonly kind: 'cast'; readonly operand: Expression; readonly type: CastType }
    | { readonly kind: 'convertUsing'; readonly operand: Expression; readonly charset: string }
    | { readonly kind: 'collate'; readonly operand: Expression; readonly collation: string }
    /** `a + INTERVAL 1 DAY`, DATE_ADD(a, INTERVAL 1 DAY) and their like. */
    | {
        readonly kind: 'dateArithmetic';
        readonly operator: '+' | '-';
        readonly operand: Expression;
        readonly amount: Expression;
        readonly unit: IntervalUnit;
      }
    | CallExpression
    | AggregateExpression
    | {
        readonly kind: 'window';
        readonly function: CallExpression | AggregateExpression;
        readonly over: WindowSpecification;
      }
    | { readonly kind: 'extract'; readonly unit: IntervalUnit; readonly operand: Expression }
    | {
        readonly kind: 'timestampDiff';
        readonly unit: IntervalUnit;
        readonly from: Expression;
        readonly to: Expression;
      }
    | {
        readonly kind: 'trim';
        readonly side: 'both' | 'leading' | 'trailing';
        /** Null for spaces. */
        readonly remove: Expression | null;
        readonly operand: Expression;
      }
    /** CHAR(65, 66 USING utf8mb4). */
    | {
        readonly kind: 'char';
        readonly arguments: readonly Expression[];
        readonly charset: string | null;
      }
    /** column->'$.path' and column->>'$.path'. */
    | {
        readonly kind: 'jsonExtract';
        readonly operand: Expression;
        readonly path: string;
        readonly unquote: boolean;
      }
    | {
        readonly kind: 'match';
        readonly columns: readonly ColumnExpression[];
        readonly against: Expression;
        readonly modifier: string;
      }
    /** VALUES(column) in ON DUPLICATE KEY UPDATE. */
    | { readonly kind: 'insertedValue'; readonly column: string }
    /** DEFAULT, or DEFAULT(column). */
    | { readonly kind: 'default'; readonly column: ColumnExpression | null }
    | { readonly kind: 'row'; readonly items: readonly Expression[] }
    | { readonly kind: 'scalarQuery'; readonly query: Query }
    | { readonly kind: 'exists'; readonly query: Query }
    /** operand = ANY (query). */
    | {
        readonly kind: 'quantified';
        readonly operator: ComparisonOperator;
        readonly quantifier: 'any' | 'all';
        readonly operand: Expression;
        readonly query: Query;
      }
  );

/** One thing in a select list. */
export type SelectItem =
  | (Node & {
      readonly kind: 'expression';
      readonly expression: Expression;
      readonly alias: string | null;
      /** The item's own source text: its column header where it has no alias. */
      readonly text: string;
    })
  /** `*`, `t.*` or `db.t.*`. */
  | (Node & {
      readonly kind: 'wildcard';
      readonly database: string | null;
      readonly table: string | null;
    });

export type JoinKind = 'inner' | 'cross' | 'left' | 'right' | 'straight';

export type TableReference =
  | (TableName & {
      readonly kind: 'table';
      readonly alias: string | null;
    })
  | (Node & {
      readonly kind: 'derived';
      readonly query: Query;
      readonly alias: string;
      /** Names for its columns; empty where not written. */
      readonly columns: readonly string[];
      readonly lateral: boolean;
    })
  | JoinReference;

/** A comma in FROM is a `cross` join. */
export interface JoinReference extends Node {
  readonly kind: 'join';
  readonly join: JoinKind;
  readonly natural: boolean;
  readonly left: TableReference;
  readonly right: TableReference;
  readonly on: Expression | null;
  /** USING (columns), or null. */
  readonly using: readonly string[] | null;
}

export interface LimitClause extends Node {
  readonly count: Expression;
  readonly offset: Expression | null;
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. */
export interface LockClause extends Node {
  readonly mode: 'update' | 'share';
  /** OF t1, t2. */
  readonly tables: readonly string[];
  readonly wait: 'wait' | 'nowait' | 'skip locked';
}

export interface SelectStatement extends Node {
  readonly kind: 'select';
  readonly distinct: boolean;
  /** SQL_CALC_FOUND_ROWS. */
  readonly calculateFoundRows: boolean;
  readonly items: readonly SelectItem[];
  /** Null without FROM, and for FROM DUAL. */
  readonly from: TableReference | null;
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  readonly rollup: boolean;
  readonly having: Expression | null;
  readonly windows: readonly { readonly name: string; readonly window: WindowSpecification }[];
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
  readonly lock: LockClause | null;
  /** SELECT … INTO @a, @b: their names; empty without INTO. */
  readonly intoVariables: readonly string[];
}

/** ORDER BY and LIMIT belong to the whole; those of an operand stand in the operand. */
export interface SetOperation extends Node {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
}

export interface CommonTable extends Node {
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: Query;
}

export interface WithQuery extends Node {
  readonly kind: 'with';
  readonly recursive: boolean;
  readonly tables: readonly CommonTable[];
  readonly query: Query;
}

/** VALUES ROW(1, 2), ROW(3, 4): its columns are column_0, column_1, …. */
export interface ValuesQuery extends Node {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
}

export type Query = SelectStatement | SetOperation | WithQuery | ValuesQuery;
