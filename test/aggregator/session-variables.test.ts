// System variables: every one is readable, and those that are set keep what MySQL would keep.

import test from 'ava';
import { GlobalVariables } from '#aggregator/session-variables.ts';

function open(): GlobalVariables {
  return new GlobalVariables({
    version: '8.0.36-twinleaf-1.2.3',
    hostname: 'host',
    port: 3306,
    serverUuid: '00000000-0000-0000-0000-000000000001',
    dataDirectory: '/data',
    maxConnections: 7,
  });
}

test('every variable is listed once, in order, and readable where it is listed', (t) => {
  const session = open().createSession();
  const listed = session.list('session').map(([name]) => name);
  t.deepEqual(listed, [...new Set(listed)].sort());
  for (const name of listed) t.notThrows(() => session.get(null, name));
  for (const [name] of session.list('global')) t.notThrows(() => session.get('global', name));
});

test('names do not know case, facts are facts', (t) => {
  const session = open().createSession();
  t.is(session.get(null, 'VERSION'), '8.0.36-twinleaf-1.2.3');
  t.is(session.get('global', 'max_connections'), 7n);
  t.is(session.get(null, 'Lower_Case_Table_Names'), 0n);
});

test('every default is a value that SET would take', (t) => {
  const global = open();
  const session = global.createSession();
  for (const { name, readOnly, scope, value } of global.definitions.values()) {
    if (readOnly) continue;
    const where = scope === 'global' ? 'global' : 'session';
    const isFixed = ['max_allowed_packet', 'net_buffer_length'].includes(name);
    if (isFixed) continue;
    t.notThrows(() => session.set(where, name, value), name);
    t.deepEqual(session.get(where === 'global' ? 'global' : null, name), value, name);
  }
});

test('sql_mode is printed in the order of its bits, with what combined modes include', (t) => {
  const session = open().createSession();
  session.set('session', 'sql_mode', ' ansi_quotes, TRADITIONAL,,pipes_as_concat');
  t.is(
    session.get(null, 'sql_mode'),
    'PIPES_AS_CONCAT,ANSI_QUOTES,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,' +
      'NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION',
  );
});
