// A real dump, loaded by the stock client at the primary, is the same at the secondary.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { firstDifference, tableLines, tableNames } from '#test/support/compare.ts';
import { hasMariadbClient, runMariadbClient } from '#test/support/mariadb-client.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

const hasClient = hasMariadbClient();
const testWithClient = hasClient ? test : test.skip;

function sakila(file: string): Buffer {
  return gunzipSync(readFileSync(new URL(`../data/sakila/${file}.gz`, import.meta.url)));
}

/** The rows of each table, as the dump has them; film_text is filled by a trigger. */
const rowCounts: Record<string, number> = {
  actor: 200,
  address: 603,
  category: 16,
  city: 600,
  country: 109,
  customer: 599,
  film: 1000,
  film_actor: 5462,
  film_category: 1000,
  film_text: 0,
  inventory: 4581,
  language: 6,
  payment: 16049,
  rental: 16044,
  staff: 2,
  store: 2,
};

/** The rows of each view, which a secondary reads as its primary does. */
const viewCounts: Record<string, number> = {
  actor_info: 200,
  customer_list: 599,
  film_list: 997,
  nicer_but_slower_film_list: 997,
  sales_by_film_category: 16,
  sales_by_store: 2,
  staff_list: 2,
};

/** Lines of the client that say an error other than a refused trigger or routine. */
function otherErrors(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('ERROR') && !/ERROR 1235 /.test(line));
}

async function load(cluster: ProcessCluster, file: string): Promise<string> {
  const login = { port: cluster.port, password: cluster.rootPassword };
  const run = await runMariadbClient(login, sakila(file), ['--force']);
  return run.stderr;
}

testWithClient(
  'sakila: loads with the stock client, replicates, is equal row by row',
  async (t) => {
    const primary = await startProcessCluster(t, { leaves: 2 });
    const secondary = await startProcessCluster(t, { leaves: 1 });

    const schemaErrors = await load(primary, 'schema.sql');
    t.deepEqual(otherErrors(schemaErrors), []);
    t.regex(schemaErrors, /1235 .*TRIGGER/i, 'a trigger is refused by name');
    t.regex(schemaErrors, /1235 .*PROCEDURE/i, 'a procedure is refused by name');
    t.deepEqual(otherErrors(await load(primary, 'data.sql')), []);

    const there = await primary.connect();
    t.deepEqual(await tableNames(there, 'sakila'), Object.keys(rowCounts));
    for (const [table, count] of Object.entries(rowCounts)) {
      t.is((await tableLines(there, 'sakila', table)).length, count, table);
    }

    const here = await secondary.connect();
    const from = `root:'${primary.rootPassword}'@127.0.0.1:${primary.port}`;
    await here.query(`REPLICATE DATABASE sakila FROM ${from}`);
    const pair = [
      { connection: there, database: 'sakila' },
      { connection: here, database: 'sakila' },
    ] as const;
    await until('the secondary to be equal', async () => {
      const difference = await firstDifference(...pair);
      if (difference !== null) throw new Error(difference);
      return true;
    });

    for (const [view, count] of Object.entries(viewCounts)) {
      t.is((await tableLines(here, 'sakila', view)).length, count, view);
    }
    const sales = 'SELECT * FROM sakila.sales_by_film_category';
    t.deepEqual((await here.query(sales))[0], (await there.query(sales))[0]);
    const create = 'SHOW CREATE VIEW sakila.actor_info';
    t.deepEqual((await here.query(create))[0], (await there.query(create))[0]);

    await there.query('UPDATE sakila.film SET rental_rate = rental_rate + 1 WHERE film_id <= 10');
    await there.query("DELETE FROM sakila.payment WHERE payment_date < '2005-06-01'");
    await there.query("INSERT INTO sakila.language (name) VALUES ('Esperanto')");
    await until('the changes to arrive', async () => {
      const difference = await firstDifference(...pair);
      if (difference !== null) throw new Error(difference);
      return true;
    });
    await t.throwsAsync(here.query('DELETE FROM sakila.film'), { message: /read-only secondary/ });
  },
);
