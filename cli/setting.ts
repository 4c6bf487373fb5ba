// The settings of the commands: each has a flag, an environment variable and a config file key.
//
// The flag wins, then the variable, then the file, then the default. A config file is a JSON
// object whose keys are the flags' names: {"data-dir": "/var/lib/twinleaf", "port": 3306}.

import { Flags } from '@oclif/core';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ClusterIdentity } from '#aggregator/cluster/cluster-identity.ts';
import { readJoinToken } from '#aggregator/cluster/join-token.ts';
import type { NatsServers } from '#aggregator/metadata/nats-metadata-store.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { LogLevel } from '#shared/logger.ts';
import { UsageError } from './failure.ts';

interface Setting {
  readonly description: string;
  readonly placeholder: string;
  readonly default?: string;
}

/** Every setting there is, by its flag; the variable is TWINLEAF_ and the name in capitals. */
const settings = {
  'data-dir': { description: 'directory of all data; made when missing', placeholder: 'DIR' },
  'backup-dir': {
    description:
      'directory within which BACKUP and RESTORE DATABASE may work; `backups` in DIR unless given',
    placeholder: 'DIR',
  },
  'metadata-nats': {
    description:
      'HOST:PORT,… of the NATS servers (JetStream) that keep the metadata; a file in the data ' +
      'directory unless given. nats://USER:PASSWORD@HOST:PORT where they ask for a login',
    placeholder: 'SERVERS',
  },
  'metadata-copies': {
    description: 'servers that hold a copy of the metadata, with --metadata-nats',
    placeholder: 'COUNT',
    default: '1',
  },
  name: { description: "the cluster's name, for people to read in logs", placeholder: 'NAME' },
  host: {
    description: 'address of the interface to listen on',
    placeholder: 'HOST',
    default: '127.0.0.1',
  },
  port: {
    description: 'TCP port to listen on; 0 picks a free one',
    placeholder: 'PORT',
  },
  socket: {
    description:
      'file of a UNIX socket to listen on, too, for clients of this machine; none unless given',
    placeholder: 'FILE',
  },
  advertise: {
    description: 'HOST:PORT that other nodes dial; what is listened on unless given',
    placeholder: 'HOST:PORT',
  },
  'advertise-host': {
    description: 'host name that other clusters dial to reach this one; HOST unless given',
    placeholder: 'HOST',
  },
  leaves: { description: 'number of leaves', placeholder: 'COUNT', default: '2' },
  'leaf-port': {
    description: 'TCP port of the first leaf, the others follow; PORT + 1 unless given',
    placeholder: 'PORT',
  },
  'partitions-per-leaf': {
    description: 'partitions a leaf for a CREATE DATABASE without PARTITIONS',
    placeholder: 'COUNT',
    default: '4',
  },
  'root-password': {
    description:
      "root's password, set at this start. Never given: root has none, which is accepted only " +
      'while listening on a loopback address',
    placeholder: 'WORD',
  },
  'max-connections': {
    description: 'clients at once, as the variable max_connections begins',
    placeholder: 'COUNT',
    default: '1000',
  },
  'tls-cert': {
    description: 'PEM file of the certificate for TLS with clients; no TLS unless given',
    placeholder: 'FILE',
  },
  'tls-key': { description: "PEM file of the certificate's private key", placeholder: 'FILE' },
  'tls-ca': {
    description: 'PEM file of the authorities whose certificates clients may show (REQUIRE X509)',
    placeholder: 'FILE',
  },
  processes: {
    description:
      'processes that serve clients on PORT: the master aggregator and, from 2 on, child ' +
      'aggregators beside it on this machine',
    placeholder: 'COUNT',
    default: '1',
  },
  'share-port': {
    description: 'yes: other processes of this machine listen on PORT too',
    placeholder: 'yes|no',
    default: 'no',
  },
  join: {
    description: "HOST:PORT of the master aggregator's MySQL port",
    placeholder: 'HOST:PORT',
  },
  'check-interval': {
    description: 'minutes between two comparisons of a secondary with its primary; 0: never',
    placeholder: 'MINUTES',
    default: '60',
  },
  'transaction-mb': {
    description:
      'MiB of changes that one transaction may make in one partition, up to 1023; more are ' +
      'refused with error 1197',
    placeholder: 'MIB',
    default: '128',
  },
  token: { description: 'join token, as `twinleaf token` prints it', placeholder: 'TOKEN' },
  'log-level': {
    description: 'least important log lines written: error, warn, info or debug',
    placeholder: 'LEVEL',
    default: 'info',
  },
  user: { description: 'user to log in as', placeholder: 'USER', default: 'root' },
  password: { description: 'password to log in with; none unless given', placeholder: 'WORD' },
  database: { description: 'database to use', placeholder: 'NAME' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

function variableOf(name: SettingName): string {
  return `TWINLEAF_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** oclif flags for these settings, and --config. */
export function settingFlags(names: readonly SettingName[]) {
  const flags = names.map((name) => {
    const setting: Setting = settings[name];
    const fallback = setting.default === undefined ? '' : ` [default: ${setting.default}]`;
    const flag = Flags.string({
      description: `${setting.description}${fallback}`,
      helpValue: setting.placeholder,
      env: variableOf(name),
    });
    return [name, flag] as const;
  });
  return {
    ...Object.fromEntries(flags),
    config: Flags.string({
      description: 'JSON file of settings, by flag name',
      helpValue: 'FILE',
      env: 'TWINLEAF_CONFIG',
    }),
  };
}

/** The settings of one command, each read and checked when it is asked for. */
export class SettingValues {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #file: Readonly<Record<string, unknown>>;

  /** `given`: what oclif parsed from flags and variables. Throws UsageError on a bad file. */
  constructor(given: Readonly<Record<string, unknown>>) {
    this.#given = given;
    const { config } = given;
    this.#file = typeof config === 'string' ? readConfigFile(config) : {};
  }

  /** The text of a setting, or null where it was not given and has no default. */
  optional(name: SettingName): string | null {
    const setting: Setting = settings[name];
    const value = this.#given[name] ?? this.#file[name] ?? setting.default;
    if (value === undefined || value === null) return null;
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new UsageError(`--${name} must be a text or a number`);
  }

  required(name: SettingName): string {
    const value = this.optional(name);
    if (value !== null && value !== '') return value;
    throw new UsageError(`--${name} (or ${variableOf(name)}) is missing`);
  }

  port(name: SettingName): number {
    return parseNumber(`--${name}`, this.required(name), 0, 65_535);
  }

  optionalPort(name: SettingName): number | null {
    return this.optional(name) === null ? null : this.port(name);
  }

  /** An absolute path, or null where none is given. */
  optionalPath(name: SettingName): string | null {
    const value = this.optional(name);
    return value === null || value === '' ? null : resolve(value);
  }

  count(name: SettingName, min: number, max: number): number {
    return parseNumber(`--${name}`, this.required(name), min, max);
  }

  address(name: SettingName): Address {
    const value = this.required(name);
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined) throw new UsageError(`--${name} must be HOST:PORT, not '${value}'`);
    return { host, port: parseNumber(`--${name}`, match?.[3] ?? '', 1, 65_535) };
  }

  optionalAddress(name: SettingName): Address | null {
    return this.optional(name) === null ? null : this.address(name);
  }

  /** The three files of TLS, or null. Throws UsageError where one of the first two is missing. */
  tlsFiles(): { readonly cert: string; readonly key: string; readonly ca: string | null } | null {
    const names = ['tls-cert', 'tls-key', 'tls-ca'] as const;
    if (names.every((name) => this.optional(name) === null)) return null;
    const ca = this.optional('tls-ca');
    return { cert: this.required('tls-cert'), key: this.required('tls-key'), ca };
  }

  /** Where the metadata is kept, by `--metadata-nats`; null: in a file. Throws UsageError. */
  natsServers(): NatsServers | null {
    const text = this.optional('metadata-nats');
    if (text === null || text === '') return null;
    const urls = text.split(',').map((server) => {
      const url = URL.parse(server.includes('://') ? server : `nats://${server}`);
      if (url?.protocol === 'nats:' && url.hostname !== '') return url;
      throw new UsageError('--metadata-nats must be HOST:PORT or nats://USER:PASSWORD@HOST:PORT');
    });
    const known = urls.find(({ username }) => username !== '');
    const login =
      known === undefined
        ? null
        : {
            user: decodeURIComponent(known.username),
            password: decodeURIComponent(known.password),
          };
    const servers = urls.map(({ hostname, port }) => `${hostname}:${port === '' ? 4222 : port}`);
    return { servers, login, replicas: this.count('metadata-copies', 1, 5) };
  }

  /** Which cluster to join, by `--token`. Throws UsageError. */
  cluster(): ClusterIdentity {
    const cluster = readJoinToken(this.required('token'));
    if (cluster !== null) return cluster;
    throw new UsageError('--token is no join token; `twinleaf token` prints it, copy it whole');
  }

  /** Throws UsageError. */
  yes(name: SettingName): boolean {
    const value = this.required(name);
    if (value === 'yes' || value === 'no') return value === 'yes';
    throw new UsageError(`--${name} must be yes or no`);
  }

  logLevel(): LogLevel {
    const level = this.required('log-level');
    if (level === 'error' || level === 'warn' || level === 'info' || level === 'debug') {
      return level;
    }
    throw new UsageError(`--log-level must be error, warn, info or debug, not '${level}'`);
  }
}

function parseNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not '${text}'`);
}

function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the config file ${path} cannot be read: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`the config file ${path} must hold a JSON object`);
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(settings, key));
  if (unknown !== undefined) {
    throw new UsageError(`the config file ${path} has an unknown setting '${unknown}'`);
  }
  return value as Record<string, unknown>;
}
