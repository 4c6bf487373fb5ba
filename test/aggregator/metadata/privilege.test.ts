// What a grant covers.

import test from 'ava';
import {
  noPassword,
  plainAccount,
  type AccountDefinition,
  type Grant,
} from '#aggregator/metadata/account.ts';
import {
  allPrivileges,
  covers,
  fitsLevel,
  hasAny,
  privilegeNamed,
} from '#aggregator/metadata/privilege.ts';
import { must } from '#shared/assert.ts';

function grant(database: string | null, table: string | null): Grant {
  return { database, table, privileges: ['SELECT'], grantOption: false };
}

test('a grant covers its own level and what is below', (t) => {
  const scopes = [
    { database: null, table: null },
    { database: 'd', table: null },
    { database: 'd', table: 't' },
    { database: 'e', table: 't' },
  ];
  const covered = (each: Grant) => scopes.map((scope) => covers(each, scope));
  t.deepEqual(covered(grant(null, null)), [true, true, true, true]);
  t.deepEqual(covered(grant('d', null)), [false, true, true, false]);
  t.deepEqual(covered(grant('d', 't')), [false, false, true, false]);
});

test('the name of a database is a pattern, that of a table is not', (t) => {
  const matches = (pattern: string, database: string) =>
    covers(grant(pattern, null), { database, table: null });
  t.true(matches('%', 'anything'));
  t.true(matches('app_%', 'app1x'));
  t.false(matches('app\\_%', 'app1x'));
  t.true(matches('app\\_%', 'app_x'));
  t.true(matches('a.c', 'a.c'));
  t.false(matches('a.c_', 'abcd'));
  t.false(matches('App', 'app'));
  t.true(matches('we\\ird', 'we\\ird'));
  t.false(covers(grant('d', 't%'), { database: 'd', table: 'tx' }));
});

test('a grant on one table lets its database be seen', (t) => {
  const grants = [grant('d', 't')];
  const account: AccountDefinition = {
    ...plainAccount,
    user: 'u',
    host: '%',
    verifiers: noPassword,
    grants,
  };
  t.true(hasAny(account, { database: 'd', table: null }));
  t.false(hasAny(account, { database: 'd', table: 'other' }));
  t.false(hasAny(account, { database: 'e', table: null }));
});

test('ALL PRIVILEGES is what makes sense at its level', (t) => {
  t.true(allPrivileges('table').includes('SELECT'));
  t.false(allPrivileges('table').includes('BACKUP'));
  t.true(allPrivileges('database').includes('REPLICATION'));
  t.false(allPrivileges('database').includes('SUPER'));
  t.true(allPrivileges('global').includes('SUPER'));
  t.false(fitsLevel(must(privilegeNamed('RELOAD')), 'database'));
  t.is(privilegeNamed('REPLICA')?.name, 'REPLICATION');
  t.is(privilegeNamed('NOSUCH'), null);
});
