// The accounts of the cluster: durable in the metadata store, at hand in memory.

import { databaseError } from '#shared/error.ts';
import type { Subscription } from 'rxjs';
import { createHmac } from 'node:crypto';
import {
  accountText,
  makeVerifiers,
  plainAccount,
  storedAccount,
  type AccountDefinition,
  type Grant,
  type PasswordVerifiers,
} from './account.ts';
import { updateMetadata, type MetadataStore } from './metadata-store.ts';
import { allPrivileges } from './privilege.ts';
import { keyWord } from './store-key.ts';

const PREFIX = 'account/';

/** Who an account is: its name and its host pattern. */
export interface AccountIdentity {
  readonly user: string;
  readonly host: string;
}

/** No user's name holds a zero, so no two accounts have one word. */
function keyOf({ user, host }: AccountIdentity): string {
  return `${PREFIX}${keyWord(`${user}\0${host}`)}`;
}

const allowEverything: Grant = {
  database: null,
  table: null,
  privileges: allPrivileges('global'),
  grantOption: true,
};

const loopback = new Set(['127.0.0.1', '::1']);

function patternMatches(pattern: string, host: string): boolean {
  if (pattern === '%' || pattern === host) return true;
  if (pattern === 'localhost') return loopback.has(host);
  if (!/[%_]/.test(pattern)) return false;
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 'i').test(host);
}

/** MySQL's order: the more of the host is said literally, the earlier; '%' last. */
function specificity(pattern: string): number {
  const wildcard = pattern.search(/[%_]/);
  return wildcard < 0 ? Number.MAX_SAFE_INTEGER : wildcard;
}

function compareAccounts(a: AccountDefinition, b: AccountDefinition): number {
  const byHost = specificity(b.host) - specificity(a.host);
  if (byHost !== 0) return byHost;
  // A named account before the anonymous one.
  return Number(a.user === '') - Number(b.user === '');
}

export interface AccountsOptions {
  readonly store: MetadataStore;
  /**
   * Root's password from now on; null leaves it as it is. Where the store has no account at all,
   * root is made: with a password it may come from anywhere, without one from this machine alone.
   */
  readonly rootPassword: string | null;
  /** Makes the decoys of this process its own. */
  readonly decoySecret: Uint8Array;
}

/** Verifiers that no token and no password proves. */
const unprovable = {
  sha1: new Uint8Array(20),
  sha256: new Uint8Array(32),
  crypt: `$A$005$${'n'.repeat(63)}`,
};

/** Invariant: what it answers is durable. */
export class Accounts {
  readonly #store: MetadataStore;
  readonly #accounts = new Map<string, AccountDefinition>();
  readonly #decoySecret: Uint8Array;
  #watching: Subscription | null = null;
  #version = 0;

  private constructor({ store, decoySecret }: AccountsOptions) {
    this.#store = store;
    this.#decoySecret = decoySecret;
  }

  static async open(options: AccountsOptions): Promise<Accounts> {
    const { store, rootPassword } = options;
    const accounts = new Accounts(options);
    accounts.#watching = (await store.watch(PREFIX)).subscribe((change) => {
      if (change.kind === 'delete') accounts.#forget(change.key);
      else accounts.#keep(change.entry.key, storedAccount(change.entry.value));
    });
    for (const { key, value } of await store.list(PREFIX)) {
      accounts.#keep(key, storedAccount(value));
    }
    const isNew = accounts.#accounts.size === 0;
    if (isNew || rootPassword !== null) await accounts.#setRoot(rootPassword ?? '');
    return accounts;
  }

  async #setRoot(password: string): Promise<void> {
    const verifiers = makeVerifiers(password);
    const roots = this.list().filter((account) => account.user === 'root');
    for (const root of roots) {
      await this.change('ALTER USER', root, (account) => ({ ...account, verifiers }));
    }
    const host = password === '' ? 'localhost' : '%';
    if (roots.some((root) => root.host === host)) return;
    const grants = [allowEverything];
    await this.create({ ...plainAccount, user: 'root', host, verifiers, grants });
  }

  /** Rises with every change of any account: what was allowed before may not be now. */
  get version(): number {
    return this.#version;
  }

  /** Ordered by user and host. */
  list(): readonly AccountDefinition[] {
    const text = ({ user, host }: AccountIdentity) => `${user}\0${host}`;
    return [...this.#accounts.values()].sort((a, b) => (text(a) < text(b) ? -1 : 1));
  }

  find(identity: AccountIdentity): AccountDefinition | null {
    return this.#accounts.get(keyOf(identity)) ?? null;
  }

  /** The account that a client of that name and address is, the most specific first; or null. */
  match(user: string, host: string): AccountDefinition | null {
    const matching = [...this.#accounts.values()].filter(
      (account) =>
        (account.user === user || account.user === '') && patternMatches(account.host, host),
    );
    return matching.sort(compareAccounts)[0] ?? null;
  }

  /**
   * Verifiers for a user that there is not: of the kinds that one of the accounts has, always the
   * same one's for the same name, so that an unknown user is asked for what a known one is.
   */
  decoy(user: string): PasswordVerifiers {
    const secured = this.list().filter(({ verifiers }) => Object.values(verifiers).some(Boolean));
    const digest = createHmac('sha256', this.#decoySecret).update(user).digest();
    const model = secured[digest.readUInt32LE(0) % Math.max(secured.length, 1)];
    if (model === undefined) return { ...unprovable, crypt: null };
    const { sha1, sha256, crypt } = model.verifiers;
    return {
      sha1: sha1 === null ? null : unprovable.sha1,
      sha256: sha256 === null ? null : unprovable.sha256,
      crypt: crypt === null ? null : unprovable.crypt,
    };
  }

  /** Throws userExists when there is one of that name. */
  async create(account: AccountDefinition): Promise<void> {
    const key = keyOf(account);
    if ((await this.#store.put(key, account, 0)) === null) refuse('CREATE USER', account);
    this.#keep(key, account);
  }

  /** Changes one account whatever others do; `change` may be called again. */
  async change(
    command: string,
    identity: AccountIdentity,
    change: (account: AccountDefinition) => AccountDefinition,
  ): Promise<void> {
    const key = keyOf(identity);
    const changed = await updateMetadata(this.#store, key, (value) => {
      if (value === null) refuse(command, identity);
      return change(storedAccount(value));
    });
    this.#keep(key, changed);
  }

  async drop(identity: AccountIdentity): Promise<void> {
    if (!(await this.#store.delete(keyOf(identity)))) refuse('DROP USER', identity);
    this.#forget(keyOf(identity));
  }

  close(): void {
    this.#watching?.unsubscribe();
    this.#watching = null;
  }

  #keep(key: string, account: AccountDefinition): void {
    this.#accounts.set(key, account);
    this.#version += 1;
  }

  #forget(key: string): void {
    this.#accounts.delete(key);
    this.#version += 1;
  }
}

function refuse(command: string, identity: AccountIdentity): never {
  throw databaseError('userExists', { command, user: accountText(identity) });
}
