// Tests that ask a MariaDB server; where there is none they are skipped, and say so.

import type { ExecutionContext, TestFn } from 'ava';
import { hasMariadbServer, startMariadb, type MariadbOracle } from './mariadb.ts';

type Body = (t: ExecutionContext, oracle: MariadbOracle) => Promise<void>;

/** Gives a way to declare tests that share one server of their file. */
export function oracleTests(test: TestFn): (title: string, body: Body) => void {
  if (!hasMariadbServer()) {
    return (title) => {
      test.skip(`${title} (needs mariadbd)`, () => undefined);
    };
  }
  let oracle: MariadbOracle | null = null;
  test.before(async () => {
    oracle = await startMariadb();
  });
  test.after.always(async () => {
    await oracle?.stop();
  });
  return (title, body) => {
    test.serial(title, async (t) => {
      if (oracle === null) throw new Error('MariaDB did not start');
      await body(t as ExecutionContext, oracle);
    });
  };
}
