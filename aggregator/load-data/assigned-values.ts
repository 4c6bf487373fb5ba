// SET of LOAD DATA: expressions over the fields of each line.

import type { GivenValue } from '#aggregator/executor/insert-rows.ts';
import type { Expression } from '#aggregator/parser/ast.ts';
import { BlockScope, newBlock } from '#aggregator/planner/block-scope.ts';
import { noNames } from '#aggregator/planner/from-names.ts';
import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import { resolveExpression } from '#aggregator/planner/resolve-expression.ts';
import { createQueryResolver } from '#aggregator/planner/resolve-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

export interface LoadAssignment {
  readonly column: ColumnDefinition;
  readonly value: Expression;
}

export interface Evaluation {
  /** What names mean, with these values for parameters. */
  readonly environment: (parameters: readonly SourceValue[]) => ResolveEnvironment;
  readonly evaluate: (expressions: readonly TypedExpression[]) => readonly SourceValue[];
}

export class AssignedValues {
  readonly #assignments: readonly LoadAssignment[];
  readonly #names: readonly string[];
  readonly #evaluation: Evaluation;

  /** `names`: of the columns and variables that the fields of a line go to, in their order. */
  constructor(
    assignments: readonly LoadAssignment[],
    names: readonly string[],
    evaluation: Evaluation,
  ) {
    this.#names = names.map((name) => name.toLowerCase());
    this.#evaluation = evaluation;
    // A field of a line stands in an expression as a parameter of its number.
    this.#assignments = assignments.map(({ column, value }) => ({
      column,
      value: mapSyntax(value, (node) => this.#fieldOf(node)),
    }));
  }

  /** The columns that get values here. */
  get columns(): readonly ColumnDefinition[] {
    return this.#assignments.map(({ column }) => column);
  }

  has(column: ColumnDefinition): boolean {
    return this.#assignments.some((assignment) => assignment.column.name === column.name);
  }

  /** For each line the values of `columns`. */
  of(lines: readonly (readonly GivenValue[])[]): readonly (readonly GivenValue[])[] {
    if (this.#assignments.length === 0) return lines.map(() => []);
    const open: TypedExpression[] = [];
    const found = lines.map((fields) => {
      const resolve = this.#resolver(fields);
      return this.#assignments.map(({ value }) => {
        if (value.kind === 'default' && value.column === null) return 'default';
        return open.push(resolve(value)) - 1;
      });
    });
    const values = this.#evaluation.evaluate(open);
    return found.map((line) =>
      line.map((place) => (place === 'default' ? place : must(values[place]))),
    );
  }

  #resolver(fields: readonly GivenValue[]): (expression: Expression) => TypedExpression {
    const parameters = fields.map((field) => (field === 'default' ? nullValue : field));
    const resolver = createQueryResolver(this.#evaluation.environment(parameters));
    const block = newBlock(resolver, null, []);
    const scope = new BlockScope(block, { clause: 'field list', names: noNames });
    return (expression) => resolveExpression(expression, scope);
  }

  #fieldOf(node: Readonly<Record<string, unknown>>): Expression | null {
    const isVariable = node['kind'] === 'userVariable';
    if (!isVariable && !(node['kind'] === 'column' && node['table'] === null)) return null;
    const name = String(isVariable ? node['name'] : node['column']).toLowerCase();
    const index = this.#names.indexOf(name);
    return index < 0 ? null : { kind: 'parameter', at: Number(node['at']), index };
  }
}

const nullValue: SourceValue = { type: { kind: 'null' }, value: null };
