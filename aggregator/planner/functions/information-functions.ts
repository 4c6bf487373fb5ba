// What MySQL's functions tell of the session, and of the collations of their arguments.

import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { ContextValueName, TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { BIGINT, UNSIGNED_BIGINT, call, integerConstant, textConstant, varchar } from './build.ts';
import { coercibilityOf, collationOf } from './collation-rule.ts';
import { asInteger } from './convert.ts';
import { setLastInsertId } from './effect-functions.ts';
import { argument, special, type FunctionFamily } from './function-definition.ts';

function context(
  name: ContextValueName,
  type: ColumnType,
  nullable = false,
): FunctionFamily[string] {
  const value: TypedExpression = { kind: 'context', name, fsp: 0, type, nullable };
  return special(0, 0, () => value);
}

const user = context('user', varchar(288));
const database = context('database', varchar(64), true);

export const informationFunctions: FunctionFamily = {
  database,
  schema: database,
  user,
  session_user: user,
  system_user: user,
  current_user: context('currentUser', varchar(288)),
  connection_id: context('connectionId', UNSIGNED_BIGINT),
  last_insert_id: special(0, 1, (parts, scope) => {
    const [value] = parts;
    if (value !== undefined) return setLastInsertId(asInteger(value, scope));
    return context('lastInsertId', UNSIGNED_BIGINT).resolve(parts, scope);
  }),
  found_rows: context('foundRows', BIGINT),
  row_count: context('rowCount', BIGINT),
  version: context('version', varchar(60)),
  /** What it means is known where the groups are: rollup.ts. */
  grouping: special(1, 64, (parts, scope) => {
    if (!scope.aggregatesAllowed) throw databaseError('invalidGroupFunction', {});
    return call('grouping', parts, BIGINT, { nullable: false });
  }),
  charset: special(1, 1, (parts) =>
    textConstant(collationOf(argument(parts, 0).type) === 'binary' ? 'binary' : 'utf8mb4'),
  ),
  collation: special(1, 1, (parts) => textConstant(collationOf(argument(parts, 0).type))),
  coercibility: special(1, 1, (parts) => integerConstant(coercibilityOf(argument(parts, 0)))),
};
