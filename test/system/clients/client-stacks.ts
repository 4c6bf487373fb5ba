// The client libraries that tests drive, and how to tell whether they are installed.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ClientStack {
  readonly name: string;
  /** What runs its program. */
  readonly command: readonly string[];
  readonly isInstalled: boolean;
  /** Whether it has prepared statements of the server's. */
  readonly canPrepare: boolean;
  /** Whether it speaks caching_sha2_password; what speaks only the old one is asked for that. */
  readonly canSha2: boolean;
  /** Whether it can insist on TLS; as Debian builds it, DBD::mysql cannot. */
  readonly canTls: boolean;
}

const usual = { canPrepare: true, canSha2: true, canTls: true };

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

const javaClient = '/usr/share/java/mariadb-java-client.jar';
const python = '/usr/bin/python3';
const node = [process.execPath, file('drive-node.ts')];

/** Asks the machine what it has; those that are missing are in the list too. */
export function clientStacks(): readonly ClientStack[] {
  const hasJava = runs('test', '-f', javaClient) && runs('java', '-version');
  const isPhp = (extension: string) =>
    runs('php', '-r', `exit(extension_loaded('${extension}')?0:1);`);
  const php = ['php', file('drive-php.php')];
  const java = ['-Duser.timezone=UTC', '-XX:TieredStopAtLevel=1', '-Xmx600m', '-cp', javaClient];
  return [
    { ...usual, name: 'mysql2', command: [...node, 'mysql2'], isInstalled: true },
    {
      ...usual,
      name: 'mysql',
      command: [...node, 'mysql'],
      isInstalled: true,
      canPrepare: false,
      canSha2: false,
    },
    { ...usual, name: 'mariadb', command: [...node, 'mariadb'], isInstalled: true },
    {
      ...usual,
      name: 'PyMySQL',
      command: [python, file('drive-pymysql.py')],
      isInstalled: runs(python, '-c', 'import pymysql'),
      canPrepare: false,
    },
    { ...usual, name: 'mysqli', command: [...php, 'mysqli'], isInstalled: isPhp('mysqli') },
    { ...usual, name: 'PDO', command: [...php, 'pdo'], isInstalled: isPhp('pdo_mysql') },
    {
      ...usual,
      name: 'DBD::mysql',
      command: ['perl', file('drive-dbd.pl')],
      isInstalled: runs('perl', '-MDBD::mysql', '-e', '1'),
      canTls: false,
    },
    {
      ...usual,
      name: 'MariaDB Connector/J',
      command: ['java', ...java, file('Drive.java')],
      isInstalled: hasJava,
    },
  ];
}
