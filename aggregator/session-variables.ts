// The system variables of a server and of each session: reading, setting, listing.

import { databaseError } from '#shared/error.ts';
import { findTimeZone } from '#shared/sql/time-zone.ts';
import { charsetNamed, collationNamed } from './charset.ts';
import type { SystemVariables } from './session.ts';
import { normalizeSqlMode } from './sql-mode.ts';
import { systemVariableTable, type ServerFacts } from './system-variable-table.ts';
import {
  convertValue,
  printValue,
  type VariableDefinition,
  type VariableValue,
} from './system-variable.ts';

type Scope = 'session' | 'global';

const noChanges: ReadonlyMap<string, string> = new Map();

/** Two names of one variable: MySQL 5.7's beside MySQL 8's. */
const twins: ReadonlyMap<string, string> = new Map([
  ['tx_isolation', 'transaction_isolation'],
  ['transaction_isolation', 'tx_isolation'],
  ['tx_read_only', 'transaction_read_only'],
  ['transaction_read_only', 'tx_read_only'],
]);

/** What a session takes at its login and keeps: set for all later ones alone. */
const fixedAtLogin = new Set(['max_allowed_packet', 'net_buffer_length']);

/** Read committed is what every transaction has; weaker levels get it too. */
const isolationLevels = new Set(['READ-UNCOMMITTED', 'READ-COMMITTED', 'REPEATABLE-READ']);

function toTimeZone(value: VariableValue): string {
  const name = String(value ?? 'NULL');
  if (findTimeZone(name) === null) throw databaseError('unknownTimeZone', { name });
  return name.toUpperCase() === 'SYSTEM' ? 'SYSTEM' : name;
}

/** Throws where the level is one that we could not keep to. */
function toIsolation(name: string, value: VariableValue): string {
  const level = String(value).toUpperCase().replaceAll(' ', '-');
  if (level === 'SERIALIZABLE') {
    const what = 'ISOLATION LEVEL SERIALIZABLE: transactions are READ COMMITTED';
    throw databaseError('unsupported', { what });
  }
  if (!isolationLevels.has(level)) {
    throw databaseError('wrongVariableValue', { name, value: String(value) });
  }
  return 'READ-COMMITTED';
}

/** The value in its kept form; only character_set_results may be NULL. */
function convert(definition: VariableDefinition, value: VariableValue): VariableValue {
  const { name, type } = definition;
  if (type.kind === 'sqlMode') return normalizeSqlMode(value);
  if (type.kind === 'timeZone') return toTimeZone(value);
  if (type.kind === 'isolation') return toIsolation(name, value);
  if (type.kind === 'charset' || type.kind === 'collation') {
    if (value === null && name === 'character_set_results') return null;
    if (typeof value !== 'string') {
      throw databaseError('wrongVariableValue', { name, value: String(value ?? 'NULL') });
    }
    return type.kind === 'charset' ? charsetNamed(value).name : collationNamed(value).name;
  }
  return convertValue(definition, value);
}

/** What every session of this server starts with, and SET GLOBAL changes. */
export class GlobalVariables {
  readonly definitions: ReadonlyMap<string, VariableDefinition>;
  readonly #values = new Map<string, VariableValue>();

  constructor(server: ServerFacts) {
    this.definitions = systemVariableTable(server);
  }

  /** The variables of a new session. */
  createSession(): SessionVariables {
    return new SessionVariables(this);
  }

  /** Throws unknownSystemVariable. */
  definition(name: string): VariableDefinition {
    const definition = this.definitions.get(name.toLowerCase());
    if (definition === undefined) throw databaseError('unknownSystemVariable', { name });
    return definition;
  }

  get(definition: VariableDefinition): VariableValue {
    const value = this.#values.get(definition.name);
    return value === undefined ? definition.value : value;
  }

  /** What has been set to something else than is built in. */
  *changed(): Iterable<readonly [string, VariableValue]> {
    for (const [name, value] of this.#values) {
      if (value !== this.definition(name).value) yield [name, value];
    }
  }

  set(definition: VariableDefinition, value: VariableValue): void {
    this.#values.set(definition.name, value);
    const twin = twins.get(definition.name);
    if (twin !== undefined) this.#values.set(twin, value);
  }
}

/** One session's variables. Its own values hide the global ones from its first SET on. */
class SessionVariables implements SystemVariables {
  /** Variables that are read off the session itself: last_insert_id, warning_count, …. */
  readonly live = new Map<string, () => VariableValue>();
  readonly #global: GlobalVariables;
  #changes: Map<string, string> | null = null;
  readonly #values = new Map<string, VariableValue>();
  /** What the session was told of its own since the last SET: every statement asks for some. */
  readonly #told = new Map<string, VariableValue>();
  #version = 0;

  constructor(global: GlobalVariables) {
    this.#global = global;
    // A session keeps the values that it began with, whatever SET GLOBAL does later.
    for (const [name, value] of global.changed()) this.#values.set(name, value);
  }

  get(scope: Scope | null, name: string): VariableValue {
    const told = scope === 'global' ? undefined : this.#told.get(name);
    if (told !== undefined) return told;
    const definition = this.#global.definition(name);
    if (scope === 'global') {
      if (definition.scope === 'session') {
        throw databaseError('variableScope', { name: definition.name, scope: 'SESSION' });
      }
      return this.#global.get(definition);
    }
    if (definition.scope === 'global') {
      if (scope === null) return this.#global.get(definition);
      throw databaseError('variableScope', { name: definition.name, scope: 'GLOBAL' });
    }
    const live = this.live.get(definition.name);
    if (live !== undefined) return live();
    const own = this.#values.get(definition.name);
    const value = own === undefined ? definition.value : own;
    if (name === definition.name) this.#told.set(name, value);
    return value;
  }

  set(scope: Scope, name: string, value: VariableValue): void {
    const definition = this.#settable(scope, name);
    const converted = convert(definition, value);
    if (definition.pinned && converted !== definition.value) {
      throw databaseError('unsupported', { what: `SET ${definition.name} = ${String(value)}` });
    }
    if (scope === 'global') this.#global.set(definition, converted);
    else this.#setOwn(definition, converted);
  }

  /** SET x = DEFAULT: a session takes the global value, the global one the built-in. */
  reset(scope: Scope, name: string): void {
    const definition = this.#settable(scope, name);
    if (scope === 'global') this.#global.set(definition, definition.value);
    else this.#setOwn(definition, this.#global.get(definition));
  }

  get version(): number {
    return this.#version;
  }

  takeChanges(): ReadonlyMap<string, string> {
    const changes = this.#changes ?? noChanges;
    this.#changes = null;
    return changes;
  }

  list(scope: Scope): readonly (readonly [string, string])[] {
    const visible = [...this.#global.definitions.values()].filter(
      (definition) => scope === 'session' || definition.scope !== 'session',
    );
    return visible
      .map((definition): readonly [string, string] => {
        const shown = scope === 'session' ? null : 'global';
        return [definition.name, printValue(definition, this.get(shown, definition.name))];
      })
      .sort(([left], [right]) => (left < right ? -1 : 1));
  }

  own(): readonly (readonly [string, VariableValue])[] {
    return [...this.#values];
  }

  #settable(scope: Scope, name: string): VariableDefinition {
    const definition = this.#global.definition(name);
    const isFixed = scope === 'session' && fixedAtLogin.has(definition.name);
    if (definition.readOnly || isFixed)
      throw databaseError('readOnlyVariable', { name: definition.name });
    if (scope === 'session' && definition.scope === 'global') {
      throw databaseError('globalVariable', { name: definition.name });
    }
    if (scope === 'global' && definition.scope === 'session') {
      throw databaseError('sessionVariable', { name: definition.name });
    }
    return definition;
  }

  #setOwn(definition: VariableDefinition, value: VariableValue): void {
    this.#keep(definition, value);
    const twin = twins.get(definition.name);
    if (twin !== undefined) this.#keep(this.#global.definition(twin), value);
    // The character set of the connection and its collation are two sides of one setting.
    if (definition.name === 'collation_connection') {
      const { charset } = collationNamed(String(value));
      this.#keep(this.#global.definition('character_set_connection'), charset);
    }
    if (definition.name === 'character_set_connection') {
      const { defaultCollation } = charsetNamed(String(value));
      this.#keep(this.#global.definition('collation_connection'), defaultCollation);
    }
  }

  #keep(definition: VariableDefinition, value: VariableValue): void {
    this.#values.set(definition.name, value);
    this.#told.clear();
    this.#version += 1;
    this.#changes ??= new Map();
    this.#changes.set(definition.name, printValue(definition, value));
  }
}
