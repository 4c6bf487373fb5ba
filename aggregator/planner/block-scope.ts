// What an expression may see in one clause of one SELECT block, and in the blocks around it.

import type { Expression, Query } from '#aggregator/parser/ast.ts';
import type { LockClause } from '#aggregator/parser/ast-query.ts';
import { databaseError } from '#shared/error.ts';
import { columnNameText, findVisible, type FromNames } from './from-names.ts';
import {
  sameName,
  type ColumnName,
  type CommonTables,
  type OuterScope,
  type QueryResolver,
  type Spelled,
} from './resolve-environment.ts';
import type { ResolvedQuery, SelectItem } from './resolved-query.ts';
import type { Clause, TracedLiteral } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectRelations } from './walk-expression.ts';

/** One SELECT block while it is being resolved. */
export interface Block {
  readonly resolver: QueryResolver;
  readonly outer: OuterScope | null;
  readonly commonTables: CommonTables;
  /** Relations of blocks around this one that it names. Grows while its clauses are resolved. */
  readonly outerRelations: Set<number>;
  /** FOR UPDATE and its kin, which its views take over. */
  readonly lock: LockClause | null;
}

/** A block of its own, which has named nothing outside yet. */
export function newBlock(
  resolver: QueryResolver,
  outer: OuterScope | null,
  commonTables: CommonTables,
): Block {
  return { resolver, outer, commonTables, outerRelations: new Set(), lock: null };
}

export interface ScopeOptions {
  readonly clause: Clause;
  readonly names: FromNames;
  readonly aggregates?: boolean;
  readonly windows?: boolean;
  /** Select items whose aliases can be named here, after the columns of FROM. */
  readonly aliases?: readonly SelectItem[];
  /** Select items whose aliases go before the columns of FROM. */
  readonly preferredAliases?: readonly SelectItem[];
  /** VALUES(column) of ON DUPLICATE KEY UPDATE. */
  readonly inserted?: (column: string) => TypedExpression;
}

export class BlockScope implements OuterScope {
  readonly clause: Clause;
  readonly aggregatesAllowed: boolean;
  readonly windowsAllowed: boolean;
  readonly database: string | null;
  readonly sqlMode: ReadonlySet<string>;
  readonly strictWrite: boolean;
  readonly systemVariable: OuterScope['systemVariable'];
  readonly userVariableType: OuterScope['userVariableType'];
  readonly #block: Block;
  readonly #options: ScopeOptions;

  constructor(block: Block, options: ScopeOptions) {
    const { environment } = block.resolver;
    this.clause = options.clause;
    this.aggregatesAllowed = options.aggregates === true;
    this.windowsAllowed = options.windows === true;
    this.database = environment.database;
    this.sqlMode = environment.sqlMode;
    this.strictWrite = environment.strictWrite === true;
    this.systemVariable = (scope, name) => environment.systemVariable(scope, name);
    this.userVariableType = (name) => environment.userVariableType(name);
    this.#block = block;
    this.#options = options;
  }

  resolveColumn(name: ColumnName): TypedExpression {
    const found = this.findColumn(name);
    if (found !== null) return found;
    throw databaseError('unknownColumn', { column: columnNameText(name), clause: this.clause });
  }

  findColumn(name: ColumnName): TypedExpression | null {
    const { names, aliases, preferredAliases } = this.#options;
    const preferred = findAlias(preferredAliases, name);
    if (preferred !== null) return preferred;
    const visible = findVisible(names, name, this.clause);
    if (visible !== null) return visible.expression;
    const alias = findAlias(aliases, name);
    if (alias !== null) return alias;
    const outer = this.#block.outer?.findColumn(name) ?? null;
    if (outer !== null) this.#noteOuter(outer);
    return outer;
  }

  #noteOuter(expression: TypedExpression): void {
    for (const relation of collectRelations(expression)) this.#block.outerRelations.add(relation);
  }

  resolveQuery(query: Query): ResolvedQuery {
    return this.#block.resolver.resolve(query, this, this.#block.commonTables);
  }

  parameter(index: number): TypedExpression | null {
    return this.#block.resolver.environment.parameter?.(index) ?? null;
  }

  literal(syntax: Expression): TracedLiteral | null {
    return this.#block.resolver.environment.literal?.(syntax) ?? null;
  }

  /** Tells what a piece of syntax means here, to who wants it spelled out. */
  spell(written: object, meaning: () => Spelled): void {
    const { environment } = this.#block.resolver;
    if (environment.spelled !== undefined) environment.spelled(written, meaning());
  }

  insertedValue(column: string): TypedExpression {
    if (this.#options.inserted !== undefined) return this.#options.inserted(column);
    throw databaseError('unsupported', { what: 'VALUES() outside ON DUPLICATE KEY UPDATE' });
  }
}

function findAlias(items: readonly SelectItem[] = [], name: ColumnName): TypedExpression | null {
  if (name.table !== null) return null;
  return items.find((item) => sameName(item.column.name, name.column))?.expression ?? null;
}
