// Drives a client of npm (the first argument names it) as the test says; see client-program.ts.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import mariadb, { type FieldInfo, type UpsertResult } from 'mariadb';
import mysql2 from 'mysql2/promise';

/** How `mysql` is given a number that has no type there. */
interface Raw {
  toSqlString(): string;
}

type Value = null | number | bigint | string | Buffer | Date | Raw;
type Way = 'text' | 'prepared';
type Answer = Record<string, unknown>;

interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  readonly ssl?: { readonly ca: Buffer };
}

interface Result {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

interface Link {
  run(sql: string, values: readonly Value[]): Promise<Result | number>;
  begin(): Promise<unknown>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  close(): Promise<unknown>;
}

const asTheyCome = { supportBigNumbers: true, bigNumberStrings: true, dateStrings: true };

async function openMysql2(login: Login, way: Way): Promise<Link> {
  const options = { ...login, ...asTheyCome, jsonStrings: true, timezone: 'Z' };
  const link = await mysql2.createConnection(options);
  link.on('error', () => undefined);
  return {
    run: async (sql, values) => {
      const query = { sql, values: [...values], rowsAsArray: true };
      const [rows, fields] = await (way === 'text' ? link.query(query) : link.execute(query));
      if (!Array.isArray(rows)) return (rows as mysql2.ResultSetHeader).affectedRows;
      return { names: fields.map(({ name }) => name), rows: rows as unknown[][] };
    },
    begin: async () => await link.beginTransaction(),
    commit: async () => await link.commit(),
    rollback: async () => await link.rollback(),
    close: async () => await link.end(),
  };
}

type Done = (
  error: Error | null | undefined,
  answer?: unknown,
  fields?: { name: string }[],
) => void;

/** What is used of the package `mysql`, which brings no types. */
interface MysqlConnection {
  connect(done: Done): void;
  query(sql: string, values: readonly Value[], done: Done): void;
  beginTransaction(done: Done): void;
  commit(done: Done): void;
  rollback(done: Done): void;
  end(done: Done): void;
  on(event: 'error', listener: () => void): void;
}

async function openMysql(login: Login): Promise<Link> {
  const mysql = createRequire(import.meta.url)('mysql') as {
    createConnection(options: object): MysqlConnection;
  };
  const link = mysql.createConnection({
    ...{ ...login, ...asTheyCome },
    timezone: 'Z',
    charset: 'UTF8MB4_GENERAL_CI',
  });
  link.on('error', () => undefined);
  async function done(act: (done: Done) => void): Promise<Result | number> {
    return await new Promise((resolve, reject) => {
      act((error, answer, fields) => {
        if (error !== null && error !== undefined) reject(error);
        else if (!Array.isArray(answer))
          resolve((answer as { affectedRows?: number }).affectedRows ?? 0);
        else {
          const names = (fields ?? []).map(({ name }) => name);
          const rows = answer as Record<string, unknown>[];
          resolve({ names, rows: rows.map((row) => names.map((name) => row[name])) });
        }
      });
    });
  }
  await done((callback) => link.connect((error) => callback(error, {})));
  return {
    run: async (sql, values) => await done((callback) => link.query(sql, values, callback)),
    begin: async () => await done((callback) => link.beginTransaction(callback)),
    commit: async () => await done((callback) => link.commit((error) => callback(error, {}))),
    rollback: async () => await done((callback) => link.rollback((error) => callback(error, {}))),
    close: async () => await done((callback) => link.end((error) => callback(error, {}))),
  };
}

async function openMariadb(login: Login, way: Way): Promise<Link> {
  const link = await mariadb.createConnection({
    ...login,
    dateStrings: true,
    ...{ jsonStrings: true, bitOneIsBoolean: false },
    timezone: 'Z',
  });
  link.on('error', () => undefined);
  return {
    run: async (sql, values) => {
      const query = { sql, rowsAsArray: true, metaAsArray: true };
      const answer: unknown = await (way === 'text'
        ? link.query(query, [...values])
        : link.execute(query, [...values]));
      const [rows, columns] = answer as [unknown[][], FieldInfo[]];
      if (!Array.isArray(rows)) return (rows as UpsertResult).affectedRows;
      return { names: columns.map((column) => column.name()), rows };
    },
    begin: async () => await link.beginTransaction(),
    commit: async () => await link.commit(),
    rollback: async () => await link.rollback(),
    close: async () => await link.end(),
  };
}

const open = { mysql2: openMysql2, mysql: openMysql, mariadb: openMariadb }[process.argv[2] ?? ''];

function parameter(text: string): Value {
  const colon = text.indexOf(':');
  const [kind, value] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (kind === 'null') return null;
  if (kind === 'integer') {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    return process.argv[2] === 'mysql' ? { toSqlString: () => value } : BigInt(value);
  }
  if (kind === 'double') return Number(value);
  if (kind === 'text') return Buffer.from(value, 'hex').toString();
  if (kind === 'bytes') return Buffer.from(value, 'hex');
  if (kind === 'datetime') return new Date(`${value.replace(' ', 'T')}Z`);
  const [piece = '', times = '0'] = value.split('*');
  const filling = Buffer.from(piece, 'hex');
  return Buffer.alloc(filling.length * Number(times), filling);
}

/** What the library hands over, as text in UTF-8 or as the bytes that it is. */
function bytesOf(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(String(value));
}

function answerOf(result: Result | number, how: string): Answer {
  if (typeof result === 'number') return { affected: result };
  const hex = (value: unknown) => (value === null ? null : bytesOf(value).toString('hex'));
  if (how === 'rows') {
    return { names: result.names.map(hex), rows: result.rows.map((row) => row.map(hex)) };
  }
  const hash = createHash('sha256');
  let bytes = 0;
  for (const value of result.rows.flat()) {
    const data = value === null ? Buffer.alloc(0) : bytesOf(value);
    bytes += data.length;
    hash.update(data);
  }
  return { count: result.rows.length, bytes, digest: hash.digest('hex') };
}

const links = new Map<string, Link>();

async function connect(on: string, words: readonly string[]): Promise<Answer> {
  const [way, port, user = '', password = '', database = '', ca = ''] = words;
  if (open === undefined) throw new Error('which client?');
  const login = { host: '127.0.0.1', port: Number(port), user, password };
  const named = database === '' ? {} : { database };
  const secured = ca === '' ? {} : { ssl: { ca: readFileSync(ca) } };
  links.set(on, await open({ ...login, ...named, ...secured }, way as Way));
  return {};
}

async function obey(line: string): Promise<Answer> {
  const [name, on = '', ...words] = line.split('\t');
  if (name === 'connect') return await connect(on, words);
  const link = links.get(on);
  if (link === undefined) throw new Error(`not connected: ${on}`);
  const [how = '', sql = '', ...values] = words;
  if (name === 'run') {
    const text = Buffer.from(sql, 'hex').toString();
    return answerOf(await link.run(text, values.map(parameter)), how);
  }
  if (name === 'begin') await link.begin();
  else if (name === 'commit') await link.commit();
  else if (name === 'rollback') await link.rollback();
  else await link.close();
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await obey(line)));
  } catch (error) {
    const {
      errno = 0,
      sqlState = '',
      message,
    } = error as Error & {
      errno?: number;
      sqlState?: string;
    };
    const shown = [errno, sqlState, Buffer.from(message).toString('hex')];
    console.log(JSON.stringify({ error: shown }));
  }
}
