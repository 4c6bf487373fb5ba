// Every MySQL function by its name: what we have, and what we know but do not have.

import { databaseError } from '#shared/error.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { controlFunctions } from './control-functions.ts';
import { effectFunctions } from './effect-functions.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { informationFunctions } from './information-functions.ts';
import { jsonFunctions } from './json-functions.ts';
import { numericFunctions } from './numeric-functions.ts';
import { regexpFunctions } from './regexp-functions.ts';
import { stringFunctions } from './string-functions.ts';
import { temporalFunctions } from './temporal-functions.ts';

const functions: ReadonlyMap<string, FunctionDefinition> = new Map(
  [
    controlFunctions,
    effectFunctions,
    informationFunctions,
    jsonFunctions,
    numericFunctions,
    regexpFunctions,
    stringFunctions,
    temporalFunctions,
  ].flatMap((family) => Object.entries(family)),
);

/** Functions of MySQL that we refuse by name. */
const KNOWN_ONLY: ReadonlySet<string> = new Set(
  (
    'aes_decrypt aes_encrypt benchmark compress uncompress uncompressed_length ' +
    'current_role extractvalue format_bytes format_pico_time get_format ' +
    'gtid_subset gtid_subtract ' +
    'icu_version json_schema_valid json_schema_validation_report json_storage_free ' +
    'json_storage_size json_table load_file master_pos_wait source_pos_wait ' +
    'name_const ps_current_thread_id ps_thread_id random_bytes statement_digest ' +
    'statement_digest_text updatexml uuid_short validate_password_strength ' +
    'wait_for_executed_gtid_set weight_string is_ipv4_compat is_ipv4_mapped roles_graphml ' +
    'lead lag rank dense_rank row_number percent_rank cume_dist ntile first_value last_value ' +
    'nth_value'
  ).split(' '),
);

/** The call of the MySQL function `name` (lower case). Errors 1582, 1305, 1235. */
export function resolveFunction(
  name: string,
  parts: readonly TypedExpression[],
  scope: ResolveScope,
): TypedExpression {
  const definition = functions.get(name);
  if (definition === undefined) {
    if (KNOWN_ONLY.has(name) || name.startsWith('st_') || name.startsWith('mbr')) {
      throw databaseError('unsupported', { what: `${name.toUpperCase()}()` });
    }
    throw databaseError('unknownFunction', { name: qualified(name, scope) });
  }
  if (parts.length < definition.minimum || parts.length > definition.maximum) {
    throw databaseError('functionArguments', { name: name.toUpperCase() });
  }
  return definition.resolve(parts, scope);
}

function qualified(name: string, scope: ResolveScope): string {
  return scope.database === null ? name : `${scope.database}.${name}`;
}
