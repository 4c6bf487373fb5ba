// The one table of errors a client may be told: name, MySQL number, SQLSTATE, sentence, retry.
//
// Numbers and sentences are MySQL's where MySQL has the error, SingleStore's where it has
// (features.md 2.10 names them), else 1105 (ER_UNKNOWN_ERROR). The sentence says what is wrong
// and, where there is one, the way out.

import { catalogVersionOf } from './cluster/plan-version.ts';

interface ErrorEntry<P> {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: (parameters: P) => string;
  readonly retry: boolean;
}

function entry<P = Record<never, never>>(
  errno: number,
  sqlState: string,
  message: (parameters: P) => string,
  retry = false,
): ErrorEntry<P> {
  return { errno, sqlState, message, retry };
}

type Name = { name: string };
type Column = { column: string };
type TableName = { database: string; table: string };

export const errorTable = {
  // Statements that are wrong.
  syntax: entry<{ near: string; line: number }>(
    1064,
    '42000',
    (p) =>
      'You have an error in your SQL syntax; check the manual that corresponds to your MySQL ' +
      `server version for the right syntax to use near '${p.near}' at line ${p.line}`,
  ),
  unsupported: entry<{ what: string }>(
    1235,
    '42000',
    (p) => `This version of Twinleaf doesn't yet support '${p.what}'`,
  ),
  tooDeep: entry<{ depth: number }>(
    1436,
    'HY000',
    (p) => `The statement is nested too deep: at most ${p.depth} levels are allowed`,
  ),
  tooManyTables: entry<{ most: number }>(
    1116,
    'HY000',
    (p) => `Too many tables; Twinleaf can only use ${p.most} tables in a join`,
  ),
  tooManyColumns: entry(1117, 'HY000', () => 'Too many columns'),
  emptyQuery: entry(1065, '42000', () => 'Query was empty'),
  noDatabase: entry(1046, '3D000', () => 'No database selected'),
  unknownDatabase: entry<Name>(1049, '42000', (p) => `Unknown database '${p.name}'`),
  databaseExists: entry<Name>(
    1007,
    'HY000',
    (p) => `Can't create database '${p.name}'; database exists`,
  ),
  copyExists: entry<Name>(
    1007,
    'HY000',
    (p) =>
      `Can't create database '${p.name}'; database exists. WITH FORCE DIFFERENTIAL has it follow ` +
      `(what it did by itself is kept in ${p.name}_rescued); another name before FROM makes a copy`,
  ),
  databaseDropMissing: entry<Name>(
    1008,
    'HY000',
    (p) => `Can't drop database '${p.name}'; database doesn't exist`,
  ),
  tableExists: entry<Name>(1050, '42S01', (p) => `Table '${p.name}' already exists`),
  unknownTableDrop: entry<Name>(1051, '42S02', (p) => `Unknown table '${p.name}'`),
  unknownTableInDelete: entry<Name>(
    1109,
    '42S02',
    (p) => `Unknown table '${p.name}' in MULTI DELETE`,
  ),
  unknownTable: entry<TableName>(
    1146,
    '42S02',
    (p) => `Table '${p.database}.${p.table}' doesn't exist`,
  ),
  unknownColumn: entry<Column & { clause: string }>(
    1054,
    '42S22',
    (p) => `Unknown column '${p.column}' in '${p.clause}'`,
  ),
  ambiguousColumn: entry<Column & { clause: string }>(
    1052,
    '23000',
    (p) => `Column '${p.column}' in ${p.clause} is ambiguous`,
  ),
  duplicateTableAlias: entry<Name>(1066, '42000', (p) => `Not unique table/alias: '${p.name}'`),
  duplicateColumn: entry<Name>(1060, '42S21', (p) => `Duplicate column name '${p.name}'`),
  duplicateKeyName: entry<Name>(1061, '42000', (p) => `Duplicate key name '${p.name}'`),
  multiplePrimaryKeys: entry(1068, '42000', () => 'Multiple primary key defined'),
  keyColumnMissing: entry<Column>(
    1072,
    '42000',
    (p) => `Key column '${p.column}' doesn't exist in table`,
  ),
  wrongAutoIncrement: entry(
    1075,
    '42000',
    () =>
      'Incorrect table definition; there can be only one auto column and it must be defined ' +
      'as a key',
  ),
  invalidDefault: entry<Column>(1067, '42000', (p) => `Invalid default value for '${p.column}'`),
  unknownCollation: entry<Name>(1273, 'HY000', (p) => `Unknown collation: '${p.name}'`),
  collationMix: entry<{ left: string; right: string; operation: string }>(
    1267,
    'HY000',
    (p) =>
      `Illegal mix of collations (${p.left},EXPLICIT) and (${p.right},EXPLICIT) for operation ` +
      `'${p.operation}'`,
  ),
  unknownCharacterSet: entry<Name>(1115, '42000', (p) => `Unknown character set: '${p.name}'`),
  wrongFieldWithGroup: entry<Column>(
    1055,
    '42000',
    (p) =>
      `Expression '${p.column}' is not in GROUP BY clause and contains nonaggregated column ` +
      'which is not functionally dependent on columns in GROUP BY clause; this is incompatible ' +
      'with sql_mode=only_full_group_by',
  ),
  frameBound: entry(
    3586,
    'HY000',
    () => "Window '<unnamed window>': frame start or end is negative, NULL or of non-integral type",
  ),
  windowMisplaced: entry(3593, 'HY000', () => 'You cannot use a window function in this context.'),
  invalidGroupFunction: entry(1111, 'HY000', () => 'Invalid use of group function'),
  mixOfGroup: entry<{ item: number; column: string }>(
    1140,
    '42000',
    (p) =>
      `In aggregated query without GROUP BY, expression #${p.item} of SELECT list contains ` +
      `nonaggregated column '${p.column}'; this is incompatible with sql_mode=only_full_group_by`,
  ),
  noTablesUsed: entry(1096, 'HY000', () => 'No tables used'),
  recursionWithoutUnion: entry<Name>(
    3573,
    'HY000',
    (p) => `Recursive Common Table Expression '${p.name}' should contain a UNION`,
  ),
  recursionOrder: entry<Name>(
    3574,
    'HY000',
    (p) =>
      `Recursive Common Table Expression '${p.name}' should have one or more non-recursive query ` +
      'blocks followed by one or more recursive ones',
  ),
  recursionAggregates: entry<Name>(
    3575,
    'HY000',
    (p) =>
      `Recursive Common Table Expression '${p.name}' can contain neither aggregation nor window ` +
      'functions in recursive query block',
  ),
  recursionJoinOrder: entry<Name>(
    3576,
    'HY000',
    (p) =>
      `In recursive query block of Recursive Common Table Expression '${p.name}', the recursive ` +
      'table must neither be in the right argument of a LEFT JOIN, nor be forced to be ' +
      'non-first with join order hints',
  ),
  recursionReferences: entry<Name>(
    3577,
    'HY000',
    (p) =>
      `In recursive query block of Recursive Common Table Expression '${p.name}', the recursive ` +
      'table must be referenced only once, and not in any subquery',
  ),
  recursionTooLong: entry<{ steps: number }>(
    3636,
    'HY000',
    (p) =>
      `Recursive query aborted after ${p.steps} iterations. Try increasing ` +
      '@@cte_max_recursion_depth to a larger value.',
  ),
  groupingArgument: entry<{ argument: number }>(
    3602,
    'HY000',
    (p) => `Argument #${p.argument} of GROUPING function is not in GROUP BY`,
  ),
  unknownWindow: entry<Name>(3579, 'HY000', (p) => `Window name '${p.name}' is not defined.`),
  wrongColumnCount: entry<{ row: number }>(
    1136,
    '21S01',
    (p) => `Column count doesn't match value count at row ${p.row}`,
  ),
  generatedColumn: entry<Column & { table: string }>(
    3105,
    'HY000',
    (p) =>
      `The value specified for generated column '${p.column}' in table '${p.table}' is not ` +
      'allowed.',
  ),
  generatedFunction: entry<Column>(
    3102,
    'HY000',
    (p) => `Expression of generated column '${p.column}' contains a disallowed function.`,
  ),
  generatedOrder: entry(
    3107,
    'HY000',
    () => 'Generated column can refer only to generated columns defined prior to it.',
  ),
  generatedDependency: entry<Column>(
    3108,
    'HY000',
    (p) => `Column '${p.column}' has a generated column dependency.`,
  ),
  generatedCounter: entry<Column>(
    3109,
    'HY000',
    (p) => `Generated column '${p.column}' cannot refer to auto-increment column.`,
  ),
  nonUpdatableTable: entry<Name & { statement: string }>(
    1288,
    'HY000',
    (p) => `The target table ${p.name} of the ${p.statement} is not updatable`,
  ),
  nonInsertableTable: entry<Name>(
    1471,
    'HY000',
    (p) => `The target table ${p.name} of the INSERT is not insertable-into`,
  ),
  updateTableUsed: entry<Name>(
    1093,
    'HY000',
    (p) => `You can't specify target table '${p.name}' for update in FROM clause`,
  ),
  autoIncrementExhausted: entry(
    1467,
    'HY000',
    () => 'Failed to read auto-increment value from storage engine',
  ),
  tooManyRows: entry(1172, '42000', () => 'Result consisted of more than one row'),
  columnSpecifiedTwice: entry<Column>(1110, '42000', (p) => `Column '${p.column}' specified twice`),
  operandColumns: entry<{ count: number }>(
    1241,
    '21000',
    (p) => `Operand should contain ${p.count} column(s)`,
  ),
  subqueryMoreThanOneRow: entry(1242, '21000', () => 'Subquery returns more than 1 row'),
  unionColumnCount: entry(
    1222,
    '21000',
    () => 'The used SELECT statements have a different number of columns',
  ),
  derivedTableAlias: entry(1248, '42000', () => 'Every derived table must have its own alias'),
  unknownFunction: entry<Name>(1305, '42000', (p) => `FUNCTION ${p.name} does not exist`),
  unknownTrigger: entry(1360, 'HY000', () => 'Trigger does not exist'),
  unknownEvent: entry<Name>(1539, 'HY000', (p) => `Unknown event '${p.name}'`),
  notView: entry<TableName>(1347, 'HY000', (p) => `'${p.database}.${p.table}' is not VIEW`),
  notBaseTable: entry<TableName>(
    1347,
    'HY000',
    (p) => `'${p.database}.${p.table}' is not BASE TABLE`,
  ),
  viewClause: entry<{ clause: string }>(
    1350,
    'HY000',
    (p) => `View's SELECT contains a '${p.clause}' clause`,
  ),
  viewVariable: entry(1351, 'HY000', () => "View's SELECT contains a variable or parameter"),
  viewColumnCount: entry(
    1353,
    'HY000',
    () =>
      'In definition of view, derived table or common table expression, SELECT list and column ' +
      'names list have different column counts',
  ),
  invalidView: entry<TableName>(
    1356,
    'HY000',
    (p) =>
      `View '${p.database}.${p.table}' references invalid table(s) or column(s) or function(s) ` +
      'or definer/invoker of view lack rights to use them',
  ),
  explainedView: entry(
    1345,
    'HY000',
    () => 'EXPLAIN/SHOW can not be issued; lacking privileges for underlying table',
  ),
  unknownDefiner: entry<{ user: string; host: string }>(
    1449,
    'HY000',
    (p) => `The user specified as a definer ('${p.user}'@'${p.host}') does not exist`,
  ),
  recursiveView: entry<TableName>(
    1462,
    'HY000',
    (p) => `\`${p.database}\`.\`${p.table}\` contains view recursion`,
  ),
  unknownProcedure: entry<Name>(1305, '42000', (p) => `PROCEDURE ${p.name} does not exist`),
  functionArguments: entry<Name>(
    1582,
    '42000',
    (p) => `Incorrect parameter count in the call to native function '${p.name}'`,
  ),
  unknownSystemVariable: entry<Name>(1193, 'HY000', (p) => `Unknown system variable '${p.name}'`),
  wrongVariableValue: entry<{ name: string; value: string }>(
    1231,
    '42000',
    (p) => `Variable '${p.name}' can't be set to the value of '${p.value}'`,
  ),
  readOnlyVariable: entry<Name>(
    1238,
    'HY000',
    (p) => `Variable '${p.name}' is a read only variable`,
  ),
  wrongVariableType: entry<Name>(
    1232,
    '42000',
    (p) => `Incorrect argument type to variable '${p.name}'`,
  ),
  globalVariable: entry<Name>(
    1229,
    'HY000',
    (p) => `Variable '${p.name}' is a GLOBAL variable and should be set with SET GLOBAL`,
  ),
  sessionVariable: entry<Name>(
    1228,
    'HY000',
    (p) => `Variable '${p.name}' is a SESSION variable and can't be used with SET GLOBAL`,
  ),
  variableScope: entry<{ name: string; scope: 'GLOBAL' | 'SESSION' }>(
    1238,
    'HY000',
    (p) => `Variable '${p.name}' is a ${p.scope} variable`,
  ),
  unknownTimeZone: entry<Name>(1298, 'HY000', (p) => `Unknown or incorrect time zone: '${p.name}'`),
  collationCharset: entry<{ collation: string; charset: string }>(
    1253,
    '42000',
    (p) => `COLLATION '${p.collation}' is not valid for CHARACTER SET '${p.charset}'`,
  ),
  transactionInProgress: entry(
    1568,
    '25001',
    () => "Transaction characteristics can't be changed while a transaction is in progress",
  ),
  unknownPreparedStatement: entry<{ id: string; command: string }>(
    1243,
    'HY000',
    (p) => `Unknown prepared statement handler (${p.id}) given to ${p.command}`,
  ),
  wrongArguments: entry<{ command: string }>(
    1210,
    'HY000',
    (p) => `Incorrect arguments to ${p.command}`,
  ),
  columnTooBig: entry<Column & { max: number }>(
    1074,
    '42000',
    (p) =>
      `Column length too big for column '${p.column}' (max = ${p.max}); use BLOB or TEXT instead`,
  ),
  scaleTooBig: entry<Column & { scale: number }>(
    1425,
    '42000',
    (p) => `Too big scale ${p.scale} specified for column '${p.column}'. Maximum is 30.`,
  ),
  precisionTooBig: entry<Column & { precision: number }>(
    1426,
    '42000',
    (p) => `Too-big precision ${p.precision} specified for '${p.column}'. Maximum is 65.`,
  ),
  scaleOverPrecision: entry<Column>(
    1427,
    '42000',
    (p) =>
      'For float(M,D), double(M,D) or decimal(M,D), M must be >= D ' + `(column '${p.column}').`,
  ),
  fspTooBig: entry<Column & { precision: number }>(
    1426,
    '42000',
    (p) => `Too-big precision ${p.precision} specified for '${p.column}'. Maximum is 6.`,
  ),
  blobDefault: entry<Column>(
    1101,
    '42000',
    (p) => `BLOB, TEXT, GEOMETRY or JSON column '${p.column}' can't have a default value`,
  ),
  noColumns: entry(1113, '42000', () => 'A table must have at least 1 column'),
  lastColumn: entry(
    1090,
    '42000',
    () => "You can't delete all columns with ALTER TABLE; use DROP TABLE instead",
  ),
  invalidUseOfNull: entry(1138, '22004', () => 'Invalid use of NULL value'),
  cannotDrop: entry<Name>(
    1091,
    '42000',
    (p) => `Can't DROP '${p.name}'; check that column/key exists`,
  ),
  primaryKeyNullable: entry(
    1171,
    '42000',
    () =>
      'All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead',
  ),
  displayWidth: entry<Column & { max: number }>(
    1439,
    '42000',
    (p) => `Display width out of range for column '${p.column}' (max = ${p.max})`,
  ),
  tooManyMembers: entry<Column>(
    1097,
    'HY000',
    (p) => `Too many strings for column ${p.column} and SET`,
  ),
  duplicateMember: entry<Column & { value: string; type: string }>(
    1291,
    'HY000',
    (p) => `Column '${p.column}' has duplicated value '${p.value}' in ${p.type}`,
  ),
  foreignKeyColumns: entry<Name>(
    1239,
    '42000',
    (p) =>
      `Incorrect foreign key definition for '${p.name}': Key reference and table ` +
      "reference don't match",
  ),
  foreignKeyMissingIndex: entry<{ name: string; table: string }>(
    1822,
    'HY000',
    (p) =>
      'Failed to add the foreign key constraint. Missing index for constraint ' +
      `'${p.name}' in the referenced table '${p.table}'`,
  ),
  foreignKeyNoParent: entry<Name>(
    1824,
    'HY000',
    (p) => `Failed to open the referenced table '${p.name}'`,
  ),
  truncateReferenced: entry<{ constraint: string }>(
    1701,
    '42000',
    (p) => `Cannot truncate a table referenced in a foreign key constraint (${p.constraint})`,
  ),
  referencedTableDrop: entry<{ table: string; constraint: string; child: string }>(
    3730,
    'HY000',
    (p) =>
      `Cannot drop table '${p.table}' referenced by a foreign key constraint ` +
      `'${p.constraint}' on table '${p.child}'.`,
  ),
  wrongTableName: entry<Name>(1103, '42000', (p) => `Incorrect table name '${p.name}'`),
  wrongDatabaseName: entry<Name>(1102, '42000', (p) => `Incorrect database name '${p.name}'`),
  wrongColumnName: entry<Name>(1166, '42000', (p) => `Incorrect column name '${p.name}'`),
  // Values that do not fit.
  columnNotNull: entry<Column>(1048, '23000', (p) => `Column '${p.column}' cannot be null`),
  noDefault: entry<Column>(
    1364,
    'HY000',
    (p) => `Field '${p.column}' doesn't have a default value`,
  ),
  outOfRange: entry<Column & { row: number }>(
    1264,
    '22003',
    (p) => `Out of range value for column '${p.column}' at row ${p.row}`,
  ),
  dataTooLong: entry<Column & { row: number }>(
    1406,
    '22001',
    (p) => `Data too long for column '${p.column}' at row ${p.row}`,
  ),
  dataTruncated: entry<Column & { row: number }>(
    1265,
    '01000',
    (p) => `Data truncated for column '${p.column}' at row ${p.row}`,
  ),
  incorrectValue: entry<Column & { type: string; value: string; row: number }>(
    1366,
    'HY000',
    (p) => `Incorrect ${p.type} value: '${p.value}' for column '${p.column}' at row ${p.row}`,
  ),
  incorrectTemporal: entry<Column & { type: string; value: string; row: number }>(
    1292,
    '22007',
    (p) => `Incorrect ${p.type} value: '${p.value}' for column '${p.column}' at row ${p.row}`,
  ),
  truncatedWrongValue: entry<{ type: string; value: string }>(
    1292,
    '22007',
    (p) => `Truncated incorrect ${p.type} value: '${p.value}'`,
  ),
  incorrectMoment: entry<{ type: string; value: string }>(
    1292,
    '22007',
    (p) => `Incorrect ${p.type} value: '${p.value}'`,
  ),
  divisionByZero: entry(1365, '22012', () => 'Division by 0'),
  wrongTemporal: entry<{ type: string; value: string }>(
    1525,
    'HY000',
    (p) => `Incorrect ${p.type} value: '${p.value}'`,
  ),
  illegalDouble: entry<{ text: string }>(
    1367,
    '22007',
    (p) => `Illegal double '${p.text}' value found during parsing`,
  ),
  tooBigPrecision: entry<{ precision: number; name: string }>(
    1426,
    '42000',
    (p) => `Too-big precision ${p.precision} specified for '${p.name}'. Maximum is 6.`,
  ),
  valueOutOfRange: entry<{ type: string; expression: string }>(
    1690,
    '22003',
    (p) => `${p.type} value is out of range in '${p.expression}'`,
  ),
  invalidJson: entry<{ position: number; reason: string }>(
    3140,
    '22032',
    (p) => `Invalid JSON text: "${p.reason}" at position ${p.position} in value.`,
  ),
  jsonNullKey: entry(3158, '22032', () => 'JSON documents may not contain NULL member names.'),
  invalidJsonPath: entry<{ position: number }>(
    3143,
    '42000',
    (p) => `Invalid JSON path expression. The error is around character position ${p.position}.`,
  ),
  jsonPathWildcard: entry(
    3149,
    '42000',
    () => 'In this situation, path expressions may not contain the * and ** tokens.',
  ),
  jsonOneOrAll: entry<Name>(
    3154,
    '42000',
    (p) => `The oneOrAll argument to ${p.name} may take these values: 'one' or 'all'.`,
  ),
  invalidRegularExpression: entry<{ reason: string }>(
    3685,
    'HY000',
    (p) => `Illegal argument to a regular expression: ${p.reason}`,
  ),
  duplicateEntry: entry<{ value: string; key: string }>(
    1062,
    '23000',
    (p) => `Duplicate entry '${p.value}' for key '${p.key}'`,
  ),
  foreignKeyParent: entry<{ constraint: string }>(
    1451,
    '23000',
    (p) => `Cannot delete or update a parent row: a foreign key constraint fails (${p.constraint})`,
  ),
  foreignKeyChild: entry<{ constraint: string }>(
    1452,
    '23000',
    (p) => `Cannot add or update a child row: a foreign key constraint fails (${p.constraint})`,
  ),
  checkFunction: entry<Name>(
    3815,
    'HY000',
    (p) => `An expression of a check constraint '${p.name}' contains disallowed function.`,
  ),
  checkUnknownColumn: entry<{ name: string; column: string }>(
    3820,
    'HY000',
    (p) => `Check constraint '${p.name}' refers to non-existing column '${p.column}'.`,
  ),
  checkNotFound: entry<Name>(
    3821,
    'HY000',
    (p) => `Check constraint '${p.name}' is not found in the table.`,
  ),
  checkDuplicate: entry<Name>(3822, 'HY000', (p) => `Duplicate check constraint name '${p.name}'.`),
  checkUsesColumn: entry<{ name: string; column: string }>(
    3959,
    'HY000',
    (p) =>
      `Check constraint '${p.name}' uses column '${p.column}', hence column cannot be dropped ` +
      'or renamed.',
  ),
  checkViolated: entry<Name>(3819, 'HY000', (p) => `Check constraint '${p.name}' is violated.`),
  // Sharding.
  uniqueKeyShardKey: entry<Name>(
    1744,
    'HY000',
    (p) =>
      `The unique key named: '${p.name}' must contain all columns specified in the shard key. ` +
      'Leave SHARD KEY out to keep the table in one partition, or add its columns to the key',
  ),
  multipleShardKeys: entry(1805, 'HY000', () => 'Multiple shard keys defined'),
  // Access.
  accessDenied: entry<{ user: string; host: string; usingPassword: 'YES' | 'NO' }>(
    1045,
    '28000',
    (p) => `Access denied for user '${p.user}'@'${p.host}' (using password: ${p.usingPassword})`,
  ),
  databaseAccessDenied: entry<{ user: string; host: string; database: string }>(
    1044,
    '42000',
    (p) => `Access denied for user '${p.user}'@'${p.host}' to database '${p.database}'`,
  ),
  commandDenied: entry<{ command: string; user: string; host: string; table: string }>(
    1142,
    '42000',
    (p) => `${p.command} command denied to user '${p.user}'@'${p.host}' for table '${p.table}'`,
  ),
  privilegeRequired: entry<{ privilege: string }>(
    1227,
    '42000',
    (p) =>
      `Access denied; you need (at least one of) the ${p.privilege} privilege(s) for this ` +
      'operation',
  ),
  userExists: entry<{ command: string; user: string }>(
    1396,
    'HY000',
    (p) => `Operation ${p.command} failed for ${p.user}`,
  ),
  passwordNoUser: entry(1133, '42000', () => "Can't find any matching row in the user table"),
  grantNoUser: entry(1410, '42000', () => 'You are not allowed to create a user with GRANT'),
  noSuchGrant: entry<{ user: string; host: string }>(
    1141,
    '42000',
    (p) => `There is no such grant defined for user '${p.user}' on host '${p.host}'`,
  ),
  illegalGrantForTable: entry(
    1144,
    '42000',
    () =>
      'Illegal GRANT/REVOKE command; please consult the manual to see which privileges can be ' +
      'used',
  ),
  wrongUsage: entry<{ first: string; second: string }>(
    1221,
    'HY000',
    (p) => `Incorrect usage of ${p.first} and ${p.second}`,
  ),
  killDenied: entry<{ id: string }>(1095, 'HY000', (p) => `You are not owner of thread ${p.id}`),
  // The connection.
  unknownCommand: entry(1047, '08S01', () => 'Unknown command'),
  malformedPacket: entry(1835, 'HY000', () => 'Malformed communication packet.'),
  packetTooLarge: entry(1153, '08S01', () => "Got a packet bigger than 'max_allowed_packet' bytes"),
  tooManyConnections: entry(1040, '08004', () => 'Too many connections'),
  handshakeError: entry(1043, '08S01', () => 'Bad handshake'),
  serverShutdown: entry(1053, '08S01', () => 'Server shutdown in progress'),
  userLockName: entry<Name>(3057, '42000', (p) => `Incorrect user-level lock name '${p.name}'.`),
  userLockDeadlock: entry(
    3058,
    'HY000',
    () =>
      'Deadlock found when trying to get user-level lock; try rolling back transaction/releasing ' +
      'locks and restarting lock acquisition.',
  ),
  queryInterrupted: entry(1317, '70100', () => 'Query execution was interrupted'),
  clientTimeout: entry(
    4031,
    'HY000',
    () =>
      'The client was disconnected by the server because of inactivity. See wait_timeout and ' +
      'interactive_timeout for configuring this behavior.',
  ),
  noOpenCursor: entry<{ id: string }>(
    1421,
    'HY000',
    (p) => `The statement (${p.id}) has no open cursor.`,
  ),
  tooManyPreparedStatements: entry<{ max: number }>(
    1461,
    '42000',
    (p) => `Can't create more than max_prepared_stmt_count statements (current value: ${p.max})`,
  ),
  tooManyPlaceholders: entry(
    1390,
    'HY000',
    () => 'Prepared statement contains too many placeholders',
  ),
  queryTimeout: entry(
    3024,
    'HY000',
    () => 'Query execution was interrupted, maximum statement execution time exceeded',
  ),
  noSuchThread: entry<{ id: string }>(1094, 'HY000', (p) => `Unknown thread id: ${p.id}`),
  // Transactions.
  lockWaitTimeout: entry(
    1205,
    'HY000',
    () => 'Lock wait timeout exceeded; try restarting transaction',
    true,
  ),
  lockNotFree: entry(
    3572,
    'HY000',
    () => 'Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.',
  ),
  deadlock: entry(
    1213,
    '40001',
    () => 'Deadlock found when trying to get lock; try restarting transaction',
    true,
  ),
  /** Handled like a deadlock everywhere, so it has a deadlock's number. */
  transactionLost: entry<{ partition: string }>(
    1213,
    '40001',
    (p) =>
      `Partition ${p.partition} has restarted and forgotten the transaction; ` +
      'try restarting transaction',
    true,
  ),
  transactionTooLarge: entry<{ bytes: number }>(
    1197,
    'HY000',
    (p) =>
      `The changes of one transaction on one partition are larger than ${p.bytes} bytes; ` +
      "change fewer rows at a time, or raise the leaf's --transaction-mb",
  ),
  readOnlyTransaction: entry(
    1792,
    '25006',
    () => 'Cannot execute statement in a READ ONLY transaction.',
  ),
  unknownSavepoint: entry<Name>(1305, '42000', (p) => `SAVEPOINT ${p.name} does not exist`),
  commitUnknown: entry<{ reason: string }>(
    3100,
    'HY000',
    (p) =>
      `The outcome of the commit is not known (${p.reason}); the transaction is settled as a ` +
      'whole when the leaf is back. Read before you write it again',
  ),
  // Nodes and partitions.
  leafUnreachable: entry<{ leaf: string; reason: string }>(
    1735,
    'HY000',
    (p) => `Unable to connect to leaf ${p.leaf}: ${p.reason}`,
    true,
  ),
  masterUnreachable: entry(
    1735,
    'HY000',
    () => 'The master aggregator is not reached; what only it may do has to wait until it is back',
    true,
  ),
  noLeaves: entry(
    1748,
    'HY000',
    () => 'There are no leaves in the cluster; start one with `twinleaf leaf --join`',
  ),
  leafUnknown: entry<{ leaf: string }>(
    1738,
    'HY000',
    (p) => `There is no leaf ${p.leaf} in this cluster; SHOW LEAVES lists them`,
  ),
  leafOffline: entry<{ leaf: string }>(
    1802,
    'HY000',
    (p) =>
      `Leaf ${p.leaf} is offline, so nothing can be moved away from it: start it first. One that ` +
      'holds nothing is removed with FORCE',
  ),
  leafHoldsPartitions: entry<{ leaf: string; partitions: string; reason: string }>(
    1772,
    'HY000',
    (p) => `Leaf ${p.leaf} cannot be removed, for it holds ${p.partitions}: ${p.reason}`,
  ),
  leafIsNear: entry<{ leaf: string }>(
    1749,
    'HY000',
    (p) =>
      `Leaf ${p.leaf} cannot be removed: it is part of the master aggregator's process, and ` +
      'would be missing at its next start',
  ),
  lastLeaf: entry<{ leaf: string }>(
    1758,
    'HY000',
    (p) => `Leaf ${p.leaf} cannot be removed: no other is online that could take its partitions`,
  ),
  nodeRemoval: entry<{ leaf: string }>(
    1787,
    'HY000',
    (p) => `Leaf ${p.leaf} is being removed already`,
    true,
  ),
  nodeRefused: entry<{ reason: string }>(
    1749,
    'HY000',
    (p) => `The cluster does not take this node: ${p.reason}`,
  ),
  notMasterAggregator: entry(
    1752,
    'HY000',
    () => 'This operation is only supported on the master aggregator',
  ),
  partitionNotOnline: entry<{ partition: string; state: string }>(
    1730,
    'HY000',
    (p) => `Partition ${p.partition} is not online: ${p.state}`,
    true,
  ),
  partitionRecovering: entry<{ partition: string }>(
    1731,
    'HY000',
    (p) => `Partition ${p.partition} is recovering: its leaf is opening it; try again`,
    true,
  ),
  partitionMoved: entry<{ partition: string; to: string }>(
    1730,
    'HY000',
    (p) => `Partition ${p.partition} has moved to ${p.to}`,
    true,
  ),
  partitionUnrecoverable: entry<{ partition: string; reason: string }>(
    1733,
    'HY000',
    (p) =>
      `Partition ${p.partition} is unrecoverable: ${p.reason}. Restore it from a backup, or ` +
      'drop the database and replicate it again',
  ),
  databaseProvisioning: entry<Name>(
    1767,
    'HY000',
    (p) =>
      `Database '${p.name}' is provisioning; SHOW REPLICATION STATUS tells how far it has come`,
    true,
  ),
  databasePending: entry<Name>(
    1730,
    'HY000',
    (p) => `Database '${p.name}' is pending: its partitions are being made; try again`,
    true,
  ),
  copyNotWhole: entry<Name>(
    1767,
    'HY000',
    (p) =>
      `The first copy of database '${p.name}' is not whole: that takes its primary. If that is ` +
      `lost, STOP REPLICATING ${p.name} FORCE promotes what has arrived, as it is`,
    true,
  ),
  copyEmpty: entry<Name & { partition: string }>(
    1767,
    'HY000',
    (p) =>
      `Database '${p.name}' cannot be promoted: nothing has arrived in partition ` +
      `${p.partition} yet. If its primary is lost, DROP DATABASE ${p.name}`,
    true,
  ),
  databaseReturning: entry<Name>(
    1105,
    'HY000',
    (p) =>
      `Database '${p.name}' is about to go back and follow a new primary itself: ` +
      'bring back one of the two alone',
  ),
  catalogMismatch: entry<{ partition: string; have: number; want: number }>(
    1999,
    'HY000',
    (p) =>
      `Partition ${p.partition} is at catalog version ${catalogVersionOf(p.have)}, the plan was ` +
      `made for ${catalogVersionOf(p.want)}` +
      (catalogVersionOf(p.have) === catalogVersionOf(p.want) ? ' of another database' : ''),
    true,
  ),
  diskFull: entry<{ path: string }>(
    1021,
    'HY000',
    (p) => `Disk full (${p.path}); waiting for someone to free some space...`,
  ),
  gatheredTooMuch: entry<{ bytes: number }>(
    1104,
    '42000',
    (p) =>
      `The query would gather more than ${p.bytes} bytes at the aggregator; join by the shard ` +
      'key, or narrow its WHERE',
  ),
  workerLost: entry(
    3168,
    'HY000',
    () => 'The process that ran this statement at its leaf has ended; run the statement again',
    true,
  ),
  gatherWorkerLost: entry(
    3168,
    'HY000',
    () =>
      'The process that computed this statement at the aggregator has ended; it may have needed ' +
      'too much memory',
  ),
  internal: entry<{ reason: string }>(1105, 'HY000', (p) => `Internal error: ${p.reason}`),
  metadataUnavailable: entry<{ place: string; reason: string }>(
    1105,
    'HY000',
    (p) => `The metadata in ${p.place} cannot be used: ${p.reason}`,
  ),
  definitionPending: entry<{ leaf: string; reason: string }>(
    1735,
    'HY000',
    (p) =>
      `The definition is on its way, but leaf ${p.leaf} went away (${p.reason}); it is completed ` +
      'by itself when the leaf is back',
  ),
  // Backups.
  invalidBackupPath: entry<{ path: string; reason: string }>(
    1789,
    'HY000',
    (p) => `Cannot back up to '${p.path}': ${p.reason}`,
  ),
  invalidRestorePath: entry<{ path: string; reason: string }>(
    1790,
    'HY000',
    (p) => `Cannot restore from '${p.path}': ${p.reason}`,
  ),
  backupFailed: entry<{ partition: string; reason: string }>(
    1105,
    'HY000',
    (p) => `Partition ${p.partition} could not be backed up: ${p.reason}; try again`,
  ),
  backupDamaged: entry<{ path: string; reason: string }>(
    1790,
    'HY000',
    (p) => `The backup is damaged and nothing was restored: ${p.path}: ${p.reason}`,
  ),
  backupNewer: entry<{ path: string; version: string }>(
    1790,
    'HY000',
    (p) =>
      `The backup in '${p.path}' was made by version ${p.version}, which is newer than this ` +
      'one: restore it there, or upgrade',
  ),
  // Replication between clusters.
  readOnlySecondary: entry<{ database: string; primary: string }>(
    1290,
    'HY000',
    (p) =>
      `Database '${p.database}' is a read-only secondary of ${p.primary}: write there, or run ` +
      `STOP REPLICATING ${p.database} to promote it`,
  ),
  writesFenced: entry(
    1290,
    'HY000',
    () =>
      'Writes are refused since FLUSH TABLES WITH READ ONLY, until UNLOCK TABLES or the end of ' +
      'its session',
    true,
  ),
  primaryUnreachable: entry<{ address: string; reason: string }>(
    1218,
    'HY000',
    (p) => `Can't connect to the primary's master aggregator at ${p.address} (${p.reason})`,
    true,
  ),
  primaryRefusedLogin: entry<{ address: string; reason: string }>(
    1045,
    '28000',
    (p) => `The primary at ${p.address} refused the login: ${p.reason}`,
  ),
  primaryMissingPrivilege: entry<{ address: string; user: string; database: string }>(
    1227,
    '42000',
    (p) =>
      `User '${p.user}' at the primary ${p.address} needs ALL PRIVILEGES (or REPLICATION) on ` +
      `'${p.database}'`,
  ),
  primaryUnknownDatabase: entry<{ address: string; database: string }>(
    1049,
    '42000',
    (p) => `The primary at ${p.address} has no database '${p.database}'`,
  ),
  primaryNotMasterAggregator: entry<{ address: string }>(
    1752,
    'HY000',
    (p) => `${p.address} is not a Twinleaf master aggregator; name the primary's master aggregator`,
  ),
  primaryRefused: entry<{ address: string; reason: string }>(
    1105,
    'HY000',
    (p) => `The primary at ${p.address} refuses: ${p.reason}`,
  ),
  promotionBlocked: entry<{ partition: string; reason: string }>(
    1105,
    'HY000',
    (p) => `Partition ${p.partition} cannot be promoted: ${p.reason}`,
  ),
  primaryNewer: entry<{ address: string; theirs: string; ours: string }>(
    1105,
    'HY000',
    (p) =>
      `The primary at ${p.address} runs version ${p.theirs}, newer than this cluster's ` +
      `${p.ours}; upgrade the secondary first`,
  ),
  primaryLeafUnreachable: entry<{ leaf: string; primaryLeaf: string; reason: string }>(
    1735,
    'HY000',
    (p) =>
      `Leaf ${p.leaf} of this cluster cannot reach leaf ${p.primaryLeaf} of the primary: ` +
      `${p.reason}`,
    true,
  ),
  alreadyReplicating: entry<Name>(
    1769,
    'HY000',
    (p) => `Database '${p.name}' is already replicating`,
  ),
  ticketRefused: entry<{ reason: string }>(
    1045,
    '28000',
    (p) => `The primary refuses the ticket of this link: ${p.reason}`,
  ),
  linkDiverged: entry<{ partition: string; term: number; lsn: bigint; reason: string }>(
    1105,
    'HY000',
    (p) =>
      `Partition ${p.partition} and its primary have different histories from term ${p.term}, ` +
      `LSN ${p.lsn}: ${p.reason}`,
  ),
  notComparable: entry<{ state: string }>(
    1105,
    'HY000',
    (p) => `it can be compared with its primary while its link follows; that is ${p.state}`,
    true,
  ),
  linkProtocol: entry<{ reason: string }>(
    1105,
    'HY000',
    (p) => `The primary broke the protocol of the link: ${p.reason}`,
  ),
  failbackPending: entry<Name & { reason: string }>(
    1105,
    'HY000',
    (p) =>
      `Database '${p.name}' has begun to go back and follow its new primary, ` +
      `and goes on by itself as soon as it can: ${p.reason}`,
    true,
  ),
  failbackImpossible: entry<Name & { address: string; reason: string }>(
    1105,
    'HY000',
    (p) => `Database '${p.name}' cannot go back to follow ${p.address}: ${p.reason}`,
  ),
  replicatingItself: entry<Name>(
    1763,
    'HY000',
    (p) =>
      `Database '${p.name}' cannot replicate itself: name another one after REPLICATE DATABASE`,
  ),
  notReplicating: entry<Name>(
    1793,
    'HY000',
    (p) => `Database '${p.name}' is not a secondary: REPLICATE DATABASE makes one`,
  ),
  tlsFilesUnusable: entry<{ reason: string }>(
    3526,
    'HY000',
    (p) => `The TLS certificate or its key cannot be used: ${p.reason}`,
  ),
  tlsNotConfigured: entry(
    3526,
    'HY000',
    () => 'There is no TLS certificate: start the server with --tls-cert and --tls-key',
  ),
  wrongPasswordHash: entry(
    1827,
    'HY000',
    () => "The password hash doesn't have the expected format.",
  ),
  accountLocked: entry<{ user: string; host: string }>(
    3118,
    'HY000',
    (p) => `Access denied for user '${p.user}'@'${p.host}'. Account is locked.`,
  ),
  passwordExpired: entry(
    1820,
    'HY000',
    () =>
      'You must reset your password using ALTER USER statement before executing this statement.',
  ),
  passwordExpiredLogin: entry(
    1862,
    'HY000',
    () =>
      'Your password has expired. To log in you must change it using a client that supports ' +
      'expired passwords.',
  ),
  hostBlocked: entry<{ host: string }>(
    1129,
    'HY000',
    (p) =>
      `Host '${p.host}' is blocked because of many connection errors; ` +
      'unblock with FLUSH HOSTS',
  ),
  localInfileDisabled: entry(
    3948,
    '42000',
    () =>
      'Loading local data is disabled; this must be enabled on both the client and server sides',
  ),
  uncompressFailed: entry(1157, '08S01', () => "Couldn't uncompress communication packet"),
  tableChanged: entry(
    1412,
    'HY000',
    () => 'Table definition has changed, please retry transaction',
  ),
  tooFewFields: entry<{ row: number }>(
    1261,
    '01000',
    (p) => `Row ${p.row} doesn't contain data for all columns`,
  ),
  tooManyFields: entry<{ row: number }>(
    1262,
    '01000',
    (p) => `Row ${p.row} was truncated; it contained more data than there were input columns`,
  ),
} as const satisfies Record<string, ErrorEntry<never>>;

export type ErrorName = keyof typeof errorTable;

/** What the sentence of entry N is filled in with; `{}` for one without gaps. */
export type ErrorParameters<N extends ErrorName> = [
  Parameters<(typeof errorTable)[N]['message']>[0],
] extends [never]
  ? Record<never, never>
  : Parameters<(typeof errorTable)[N]['message']>[0];
