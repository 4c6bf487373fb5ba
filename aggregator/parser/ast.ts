// The syntax tree of a statement: one union, whose parts stand in the files named here.

import type { AdministrationStatement } from './ast-administration.ts';
import type {
  DeleteStatement,
  InsertStatement,
  LoadDataStatement,
  UpdateStatement,
} from './ast-change.ts';
import type { DefinitionStatement } from './ast-definition.ts';
import type { Node, Query } from './ast-query.ts';

export type {
  AggregateExpression,
  AggregateName,
  BinaryOperator,
  CallExpression,
  CastType,
  ColumnExpression,
  CommonTable,
  ComparisonOperator,
  Expression,
  FrameBound,
  IntervalUnit,
  JoinKind,
  JoinReference,
  LimitClause,
  LockClause,
  Node,
  OrderItem,
  Query,
  SelectItem,
  SelectStatement,
  SetOperation,
  TableName,
  TableReference,
  UnaryOperator,
  ValuesQuery,
  WindowFrame,
  WindowSpecification,
  WithQuery,
} from './ast-query.ts';
export type {
  Assignment,
  DeleteStatement,
  InsertSource,
  InsertStatement,
  LoadDataStatement,
  LoadFormat,
  LoadTarget,
  UpdateStatement,
  WithClause,
} from './ast-change.ts';
export type {
  AlterAction,
  AlterTable,
  CheckSyntax,
  ColumnListSyntax,
  ColumnPosition,
  ColumnSyntax,
  CreateDatabase,
  CreateTable,
  CreateView,
  DefinitionStatement,
  ForeignKeySyntax,
  IndexPartSyntax,
  IndexSyntax,
  ReferenceAction,
  ReferenceClause,
  SourceExpression,
  TableOption,
  TypeName,
} from './ast-definition.ts';
export type {
  AccountAuthentication,
  AccountChange,
  AccountName,
  AccountOptions,
  AccountStatement,
  AdministrationStatement,
  GrantLevel,
  GrantPrivilege,
  PreparedStatement,
  PrimaryAddress,
  ReplicateDatabase,
  ReplicationStatement,
  SetItem,
  ShowFilter,
  ShowLimit,
  ShowStatement,
  ShowWhat,
  StopReplicating,
  TransactionStatement,
  UnsupportedStatement,
  UpkeepStatement,
} from './ast-administration.ts';

/** EXPLAIN of a query or of a change of rows. */
export interface ExplainStatement extends Node {
  readonly kind: 'explain';
  readonly format: 'traditional' | 'json' | 'tree';
  readonly analyze: boolean;
  readonly statement: Query | InsertStatement | UpdateStatement | DeleteStatement;
}

export type Statement =
  | Query
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | LoadDataStatement
  | ExplainStatement
  | DefinitionStatement
  | AdministrationStatement;
