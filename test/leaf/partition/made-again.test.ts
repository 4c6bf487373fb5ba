// Two changesets are the same when they lead from the same rows to the same rows, however told.

import test from 'ava';
import { concatChangesets } from '#shared/log/changeset.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { areSameChanges, RememberedTasks } from '#leaf/partition/made-again.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import type { WriteStep } from '#shared/wire/message.ts';

const IDS = 6;

test('changes told in parts are those told at once, and no others', (t) => {
  const file = openWithFunctions(':memory:');
  t.teardown(() => file.close());
  file.exec('CREATE TABLE t (a ANY, b ANY, id INTEGER, k TEXT, PRIMARY KEY (k, id)) STRICT');
  const random = seededRandom(5);
  const change = (): void => {
    const [kind, id, value] = [random(4), BigInt(random(IDS)), random(3)];
    const given = [null, 'x', Uint8Array.of(7)][value] ?? null;
    if (kind === 0) file.run(`DELETE FROM t WHERE id = ?`, [id]);
    else if (kind === 1) file.run('UPDATE t SET a = ? WHERE id = ?', [BigInt(value), id]);
    else if (kind === 2) file.run('UPDATE t SET b = ? WHERE id = ?', [given, id]);
    else file.run("INSERT OR REPLACE INTO t VALUES (?, ?, ?, 'k')", [value, given, id]);
  };
  const seen = { same: 0, other: 0 };
  for (let life = 0; life < 300; life += 1) {
    const whole = file.capture();
    const parts: Uint8Array[] = [];
    for (let part = random(4); part >= 0; part -= 1) {
      const capture = file.capture();
      for (let count = random(6); count > 0; count -= 1) change();
      parts.push(capture.changeset());
      capture.close();
    }
    const told = concatChangesets(parts);
    const before = whole.changeset();
    t.true(areSameChanges(told, before) && areSameChanges(before, told), `life ${life}`);
    change();
    const after = whole.changeset();
    whole.close();
    const isSame = Buffer.from(before).equals(after);
    t.is(areSameChanges(told, after), isSame, `life ${life}, and one more`);
    seen[isSame ? 'same' : 'other'] += 1;
  }
  t.true(seen.same > 20 && seen.other > 20, JSON.stringify(seen));
});

test('tasks are remembered as long as they are few and do the same each time', (t) => {
  const step = (sql: string): WriteStep => {
    return { kind: 'statement', sql, parameters: [], returning: false };
  };
  const tasks = new RememberedTasks();
  tasks.add([step('one')]);
  tasks.add([step('two'), step('three')]);
  const { mark } = tasks;
  tasks.add([step('gone')]);
  tasks.undoTo(mark);
  tasks.add([step('four')]);
  t.deepEqual(tasks.pieces([1, mark]), [
    [[step('one')]],
    [[step('two'), step('three')]],
    [[step('four')]],
  ]);
  tasks.add([step('DELETE FROM t WHERE id IN (SELECT id FROM u LIMIT 1)')]);
  t.is(tasks.pieces([]), null);
  const many = new RememberedTasks();
  many.add([{ kind: 'rows', sql: 'INSERT', rows: Array.from({ length: 10_001 }, () => []) }]);
  t.is(many.pieces([]), null);
});
