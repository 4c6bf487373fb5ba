// TLS on the port of the clients, and the passwords that need it (or an RSA key) once.

import { execFile } from 'node:child_process';
import { readFileSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import test from 'ava';
import mysql, { type SslOptions } from 'mysql2/promise';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { cryptDigest, parseCryptHash } from '#aggregator/metadata/sha256-crypt.ts';
import {
  openClientCluster,
  rootPassword,
  type ClientCluster,
} from '#test/aggregator/commands/client-cluster.ts';
import { basicCapabilities, command, packet, RawClient } from './raw-client.ts';

const run = promisify(execFile);
const files = mkdtempSync(join(tmpdir(), 'twinleaf-tls-'));
const path = (name: string) => join(files, name);
const cluster: { opened: ClientCluster | null } = { opened: null };

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', args);
}

/** A certificate of its own authority: `name`.pem and `name`.key. */
async function makeAuthority(name: string): Promise<void> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', path(`${name}.key`)];
  await openssl('req', '-x509', ...key, '-out', path(`${name}.pem`), '-subj', `/CN=${name}`);
}

async function makeClientCertificate(): Promise<void> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', path('client.key')];
  await openssl('req', ...key, '-out', path('client.csr'), '-subj', '/CN=client');
  const authority = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial'];
  await openssl(
    'x509',
    '-req',
    '-in',
    path('client.csr'),
    ...authority,
    '-out',
    path('client.pem'),
  );
}

test.before(async () => {
  await makeAuthority('server');
  await makeAuthority('other');
  await makeAuthority('ca');
  await makeClientCertificate();
  const tls = { cert: path('server.pem'), key: path('server.key'), ca: path('ca.pem') };
  cluster.opened = await openClientCluster({ tls });
});

test.after.always(async () => {
  await cluster.opened?.stop();
  rmSync(files, { recursive: true, force: true });
});

function port(): number {
  if (cluster.opened === null) throw new Error('the cluster has not started');
  return cluster.opened.port;
}

interface Who {
  readonly user?: string;
  readonly password?: string;
  readonly ssl?: SslOptions;
}

async function connect({ user = 'root', password = rootPassword, ssl }: Who = {}) {
  const secured = ssl === undefined ? {} : { ssl };
  return await mysql.createConnection({
    host: '127.0.0.1',
    port: port(),
    user,
    password,
    ...secured,
  });
}

async function failure(who: Who): Promise<number | string> {
  try {
    await (await connect(who)).end();
    return 'ok';
  } catch (error) {
    const { errno, message } = error as { errno?: number; message: string };
    return errno ?? message;
  }
}

async function cipherOf(who: Who): Promise<string> {
  const client = await connect(who);
  const [rows] = await client.query("SHOW STATUS LIKE 'Ssl_cipher'");
  await client.end();
  return (rows as { Value: string }[])[0]?.Value ?? 'none';
}

async function asRoot(...statements: readonly string[]): Promise<void> {
  const root = await connect();
  for (const statement of statements) await root.query(statement);
  await root.end();
}

const anyServer: SslOptions = { rejectUnauthorized: false };

test('every client speaks TLS on the port that serves those without', async (t) => {
  t.is(await cipherOf({}), '');
  t.regex(await cipherOf({ ssl: anyServer }), /^TLS_/);
  const server = ['-h127.0.0.1', `-P${port()}`, '-uroot', `-p${rootPassword}`, '-N'];
  const status = ['-e', "SHOW STATUS LIKE 'Ssl_version'"];
  const { stdout } = await run('mariadb', [...server, '--ssl', ...status]);
  t.regex(stdout, /TLSv1\.[23]/);
  const script = `
import pymysql, ssl
context = ssl.create_default_context(cafile='${path('server.pem')}')
context.check_hostname = False
c = pymysql.connect(host='127.0.0.1', port=${port()}, user='root', password='secret', ssl=context)
k = c.cursor()
k.execute("SELECT REPEAT('x', 300000)")
print(len(k.fetchone()[0]))
`;
  t.is((await run('/usr/bin/python3', ['-c', script])).stdout.trim(), '300000');
});

test('REQUIRE SSL and REQUIRE X509 let nobody in who does less', async (t) => {
  await asRoot(
    "CREATE USER over_tls IDENTIFIED BY 'pw' REQUIRE SSL",
    "CREATE USER by_paper IDENTIFIED BY 'pw' REQUIRE X509",
  );
  const ssl = { ...anyServer, key: readFileSync(path('client.key'), 'utf8') };
  const signed = { ...ssl, cert: readFileSync(path('client.pem'), 'utf8') };
  const own = {
    ...anyServer,
    key: readFileSync(path('other.key'), 'utf8'),
    cert: readFileSync(path('other.pem'), 'utf8'),
  };
  const password = 'pw';
  t.is(await failure({ user: 'over_tls', password }), 1045);
  t.is(await failure({ user: 'over_tls', password, ssl: anyServer }), 'ok');
  t.is(await failure({ user: 'over_tls', password: 'no', ssl: anyServer }), 1045);
  t.is(await failure({ user: 'by_paper', password, ssl: anyServer }), 1045);
  t.is(await failure({ user: 'by_paper', password, ssl: own }), 1045);
  t.is(await failure({ user: 'by_paper', password, ssl: signed }), 'ok');
  await asRoot('ALTER USER over_tls REQUIRE NONE');
  t.is(await failure({ user: 'over_tls', password }), 'ok');
});

test('what stands behind a TLS request in clear is never taken for a packet', async (t) => {
  const client = new RawClient(port());
  const greeting = await client.next();
  if (greeting === null) return t.fail('no greeting');
  const request = Buffer.alloc(32);
  request.writeUInt32LE(basicCapabilities | capability.ssl, 0);
  client.send(
    packet(1, request),
    client.login(greeting, {}),
    command(0x03, 'CREATE DATABASE stolen'),
  );
  const answer = await client.next();
  t.true(answer === null || answer[0] !== 0);
  await client.close();
  const root = await connect();
  const [rows] = await root.query("SHOW DATABASES LIKE 'stolen'");
  t.deepEqual(rows, []);
  await root.end();
});

test('a client that asked for TLS and goes on in clear is refused', async (t) => {
  const client = new RawClient(port());
  const greeting = await client.next();
  if (greeting === null) return t.fail('no greeting');
  const capabilities = basicCapabilities | capability.ssl;
  client.send(client.login(greeting, { capabilities }));
  const answer = await client.next();
  t.is(answer?.[0], 0xff);
  await client.close();
});

/** The subject of the certificate that the server shows. */
async function shownCertificate(): Promise<string> {
  const client = new RawClient(port());
  await client.next();
  const request = Buffer.alloc(32);
  request.writeUInt32LE(basicCapabilities | capability.ssl, 0);
  client.socket.removeAllListeners('data');
  client.send(packet(1, request));
  const socket = connectTls({ socket: client.socket, rejectUnauthorized: false });
  await new Promise<void>((resolve) => socket.once('secureConnect', () => resolve()));
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

test.serial('ALTER INSTANCE RELOAD TLS takes the files as they are now', async (t) => {
  t.is(await shownCertificate(), 'server');
  const before = await connect({ ssl: anyServer });
  const old = [readFileSync(path('server.pem')), readFileSync(path('server.key'))] as const;
  copyFileSync(path('other.pem'), path('server.pem'));
  copyFileSync(path('other.key'), path('server.key'));
  t.is(await shownCertificate(), 'server');
  await asRoot('ALTER INSTANCE RELOAD TLS');
  t.is(await shownCertificate(), 'other');
  rmSync(path('server.key'));
  await t.throwsAsync(asRoot('FLUSH SSL'), { message: /cannot be used/ });
  t.is(await shownCertificate(), 'other');
  await before.query('DO 1');
  await before.end();
  t.true(old.every((bytes) => bytes.length > 0));
});

test('the hash of caching_sha2_password is that of MySQL', (t) => {
  const salt = Buffer.from('F9CC98CE08892924F50A213B6BC571A2C11778C5', 'hex');
  const digest = cryptDigest(Buffer.from('hashcat'), salt, 5000);
  t.is(digest.toString('latin1'), 'bTy95Y99eAME1dwEkHOA1ndHGBWz.1bxSSRkuTXFGV/');
  const text = `$A$005$${salt.toString('latin1')}${digest.toString('latin1')}`;
  t.deepEqual(parseCryptHash(text), { rounds: 5000, salt, digest });
  t.is(parseCryptHash('$A$fff$' + 'x'.repeat(63)), null);
});

test.serial(
  'an account taken over by its MySQL hash needs its password in full, once',
  async (t) => {
    const salt = Buffer.from('abcdefghij0123456789');
    const digest = cryptDigest(Buffer.from('old secret'), salt, 5000);
    const hash = Buffer.concat([Buffer.from('$A$005$'), salt, digest]).toString('hex');
    const users = ['by_rsa', 'by_tls', 'by_cli'];
    await asRoot(
      ...users.map(
        (user) => `CREATE USER ${user} IDENTIFIED WITH caching_sha2_password AS 0x${hash}`,
      ),
    );
    const password = 'old secret';
    t.is(await failure({ user: 'by_rsa', password: 'wrong' }), 1045);
    t.is(await failure({ user: 'by_rsa', password }), 'ok');
    t.is(await failure({ user: 'by_rsa', password: 'wrong' }), 1045);
    t.is(await failure({ user: 'by_tls', password: 'wrong', ssl: anyServer }), 1045);
    t.is(await failure({ user: 'by_tls', password, ssl: anyServer }), 'ok');
    const server = ['-h127.0.0.1', `-P${port()}`, '-uby_cli', `-p${password}`, '-N'];
    const { stdout } = await run('mariadb', [...server, '--ssl', '-e', 'SELECT 1']);
    t.is(stdout.trim(), '1');
  },
);
