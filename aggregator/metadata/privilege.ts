// The privileges there are, where each may be granted, and what a grant covers.

import type { AccountDefinition, Grant, GrantScope } from './account.ts';

/** The narrowest level a privilege makes sense at: it may be granted there and at any wider one. */
export type PrivilegeLevel = 'global' | 'database' | 'table';

/** In the order of MySQL's SHOW GRANTS, then SingleStore's and our own. */
const table: readonly (readonly [name: string, level: PrivilegeLevel, about: string])[] = [
  ['SELECT', 'table', 'To retrieve rows from table'],
  ['INSERT', 'table', 'To insert data into tables'],
  ['UPDATE', 'table', 'To update existing rows'],
  ['DELETE', 'table', 'To delete existing rows'],
  ['CREATE', 'table', 'To create new databases and tables'],
  ['DROP', 'table', 'To drop databases and tables'],
  ['RELOAD', 'global', 'To reload or refresh tables, logs and privileges'],
  ['SHUTDOWN', 'global', 'To shut down the server'],
  ['PROCESS', 'global', 'To view the plain text of currently executing queries'],
  ['FILE', 'global', 'To read and write files on the server'],
  ['REFERENCES', 'table', 'To have references on tables'],
  ['INDEX', 'table', 'To create or drop indexes'],
  ['ALTER', 'table', 'To alter the table'],
  ['SHOW DATABASES', 'global', 'To see all databases with SHOW DATABASES'],
  ['SUPER', 'global', 'To use KILL thread, SET GLOBAL, etc.'],
  ['CREATE TEMPORARY TABLES', 'database', 'To use CREATE TEMPORARY TABLE'],
  ['LOCK TABLES', 'database', 'To use LOCK TABLES (together with SELECT privilege)'],
  ['EXECUTE', 'database', 'To execute stored routines'],
  ['REPLICATION SLAVE', 'global', 'To read the logs of a primary'],
  ['REPLICATION CLIENT', 'global', 'To ask where the primary and the secondaries are'],
  ['CREATE VIEW', 'table', 'To create new views'],
  ['SHOW VIEW', 'table', 'To see views with SHOW CREATE VIEW'],
  ['CREATE ROUTINE', 'database', 'To use CREATE FUNCTION/PROCEDURE'],
  ['ALTER ROUTINE', 'database', 'To alter or drop stored functions/procedures'],
  ['CREATE USER', 'global', 'To create new users'],
  ['EVENT', 'database', 'To create, alter, drop and execute events'],
  ['TRIGGER', 'table', 'To use triggers'],
  ['CREATE TABLESPACE', 'global', 'To create, alter and drop tablespaces'],
  ['CREATE ROLE', 'global', 'To create new roles'],
  ['DROP ROLE', 'global', 'To drop roles'],
  ['CREATE DATABASE', 'database', 'To create and to replicate databases'],
  ['DROP DATABASE', 'database', 'To drop databases'],
  ['CLUSTER', 'global', 'To administer the cluster: replication, topology, partitions'],
  ['REPLICATION', 'database', 'To follow a database from another cluster'],
  ['BACKUP', 'database', 'To make backups and snapshots'],
  ['SHOW METADATA', 'global', 'To see all metadata: databases, tables, nodes, links'],
  ['SYSTEM_VARIABLES_ADMIN', 'global', 'To set global system variables'],
  ['CONNECTION_ADMIN', 'global', "To end other accounts' connections"],
];

/** Names that other versions and products use. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ['REPLICA', 'REPLICATION'],
  ['ALTER USER', 'CREATE USER'],
  ['CREATE TEMPORARY TABLE', 'CREATE TEMPORARY TABLES'],
  ['FILE READ', 'FILE'],
  ['FILE WRITE', 'FILE'],
]);

export interface PrivilegeDescription {
  readonly name: string;
  readonly level: PrivilegeLevel;
  readonly about: string;
}

export const privileges: readonly PrivilegeDescription[] = table.map(([name, level, about]) => ({
  name,
  level,
  about,
}));

const ranks: Record<PrivilegeLevel, number> = { global: 0, database: 1, table: 2 };

/** The privilege of that name in upper case, or null. */
export function privilegeNamed(name: string): PrivilegeDescription | null {
  const wanted = synonyms.get(name) ?? name;
  return privileges.find((privilege) => privilege.name === wanted) ?? null;
}

export function levelOf(scope: GrantScope): PrivilegeLevel {
  if (scope.database === null) return 'global';
  return scope.table === null ? 'database' : 'table';
}

/** True where the privilege may be granted at the level. */
export function fitsLevel(privilege: PrivilegeDescription, level: PrivilegeLevel): boolean {
  return ranks[level] <= ranks[privilege.level];
}

/** What ALL PRIVILEGES stands for at a level. */
export function allPrivileges(level: PrivilegeLevel): readonly string[] {
  return privileges.filter((each) => fitsLevel(each, level)).map((each) => each.name);
}

/** Database names in grants are patterns: `%`, `_`, and `\` before a literal one. */
function matchesPattern(pattern: string, name: string): boolean {
  if (!/[%_\\]/.test(pattern)) return pattern === name;
  const source = pattern.replace(/\\([%_])|([%_])|[^%_\\]+|\\/g, (piece, literal, wild) => {
    if (literal !== undefined) return literal;
    if (wild !== undefined) return wild === '%' ? '[^]*' : '[^]';
    return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`).test(name);
}

/** True where the grant holds at the scope: at its own level or a wider one. */
export function covers(grant: Grant, scope: GrantScope): boolean {
  if (grant.database === null) return true;
  if (scope.database === null) return false;
  if (grant.table === null) return matchesPattern(grant.database, scope.database);
  return grant.database === scope.database && grant.table === scope.table;
}

/** True where the account has the privilege at the scope, or at a wider one. */
export function hasPrivilege(account: AccountDefinition, name: string, scope: GrantScope): boolean {
  return account.grants.some((grant) => grant.privileges.includes(name) && covers(grant, scope));
}

/** True where the account has anything at the scope, within it, or at a wider one. */
export function hasAny(account: AccountDefinition, scope: GrantScope): boolean {
  return account.grants.some((grant) => {
    if (grant.privileges.length === 0) return false;
    if (covers(grant, scope)) return true;
    // A grant on one of its tables lets a database be seen.
    return scope.table === null && grant.table !== null && grant.database === scope.database;
  });
}

/** True where the account may grant at the scope. */
export function mayGrant(account: AccountDefinition, scope: GrantScope): boolean {
  return account.grants.some((grant) => grant.grantOption && covers(grant, scope));
}
