// What an OK packet tells of the session: its database, its variables, and that something changed.

import test from 'ava';
import { capability, status } from '#aggregator/front-door/capabilities.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { basicCapabilities, command, RawClient } from './raw-client.ts';

const cluster = clusterOfFile(test, ['CREATE DATABASE shop', 'CREATE DATABASE other']);

async function enter(more: number = capability.sessionTrack): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  await client.enter({ capabilities: basicCapabilities | more });
  return client;
}

/** The changes that the answer to a statement tells, as text; '' for none. */
async function changesOf(client: RawClient, sql: string): Promise<string> {
  client.send(command(0x03, sql));
  const ok = await client.next();
  if (ok?.[0] !== 0) throw new Error(`no OK: ${ok?.toString()}`);
  const told = (ok.readUInt16LE(3) & status.sessionStateChanged) !== 0;
  // Header, two counts, flags, warnings; then an empty text, and the list with its length.
  return told ? ok.subarray(9).toString('latin1') : '';
}

test('the database and the listed variables are told when they change', async (t) => {
  const client = await enter();
  t.is(await changesOf(client, 'DO 1'), '');
  t.is(await changesOf(client, 'USE shop'), '\x01\x05\x04shop');
  t.is(await changesOf(client, 'USE shop'), '');
  t.is(await changesOf(client, 'SET autocommit = 0'), '\x00\x0f\x0aautocommit\x03OFF');
  t.is(await changesOf(client, 'SET sql_notes = 0'), '');
  t.is(await changesOf(client, 'DO 1'), '');
  await changesOf(client, "SET session_track_system_variables = '*'");
  t.is(await changesOf(client, 'SET sql_notes = 1'), '\x00\x0d\x09sql_notes\x02ON');
  await changesOf(client, 'SET session_track_schema = 0, session_track_state_change = 1');
  await changesOf(client, "SET session_track_system_variables = ''");
  t.is(await changesOf(client, 'USE other'), '\x02\x02\x011');
  await client.close();
});

test('a client that does not ask is told nothing', async (t) => {
  const client = await enter(0);
  t.is(await changesOf(client, 'USE shop'), '');
  client.send(command(0x02, 'other'));
  const ok = await client.next();
  t.is(ok?.length, 7);
  await client.close();
});

test('what cannot be told is not promised', async (t) => {
  const root = await cluster().connect();
  t.is(await root.failure('SET session_track_gtids = 1'), '1235 42000');
  t.is(await root.failure("SET session_track_transaction_info = 'STATE'"), '1235 42000');
  await root.close();
});
