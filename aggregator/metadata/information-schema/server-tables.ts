// What the server offers and who uses it: character sets, engines, clients, variables, status.

import { charsets, collations } from '#aggregator/charset.ts';
import { reservedWords } from '#aggregator/parser/reserved-words.ts';
import type { ProcessDescription } from '#aggregator/session-registry.ts';
import { statusValues } from './status-values.ts';
import {
  virtualColumns,
  type VirtualRow,
  type VirtualScope,
  type VirtualTable,
} from './virtual-table.ts';

const characterSets: VirtualTable = {
  name: 'CHARACTER_SETS',
  columns: virtualColumns(`
    CHARACTER_SET_NAME name64
    DEFAULT_COLLATE_NAME name64
    DESCRIPTION text
    MAXLEN count`),
  rows: () =>
    charsets.map((charset) => ({
      CHARACTER_SET_NAME: charset.name,
      DEFAULT_COLLATE_NAME: charset.defaultCollation,
      DESCRIPTION: charset.description,
      MAXLEN: BigInt(charset.bytesMax),
    })),
};

const collationTable: VirtualTable = {
  name: 'COLLATIONS',
  columns: virtualColumns(`
    COLLATION_NAME name64
    CHARACTER_SET_NAME name64
    ID count
    IS_DEFAULT yes
    IS_COMPILED yes
    SORTLEN count
    PAD_ATTRIBUTE name64`),
  rows: () =>
    collations.map((collation) => ({
      COLLATION_NAME: collation.name,
      CHARACTER_SET_NAME: collation.charset,
      ID: BigInt(collation.id),
      IS_DEFAULT: collation.isDefault ? 'Yes' : '',
      IS_COMPILED: 'Yes',
      SORTLEN: 1n,
      PAD_ATTRIBUTE: collation.padAttribute,
    })),
};

const applicability: VirtualTable = {
  name: 'COLLATION_CHARACTER_SET_APPLICABILITY',
  columns: virtualColumns(`
    COLLATION_NAME name64
    CHARACTER_SET_NAME name64`),
  rows: () =>
    collations.map(({ name, charset }) => ({ COLLATION_NAME: name, CHARACTER_SET_NAME: charset })),
};

/** The reserved ones: drivers ask for no others. */
const keywords: VirtualTable = {
  name: 'KEYWORDS',
  columns: virtualColumns(`
    WORD name64
    RESERVED number?`),
  rows: () => [...reservedWords].map((word) => ({ WORD: word.toUpperCase(), RESERVED: 1n })),
};

const engines: VirtualTable = {
  name: 'ENGINES',
  columns: virtualColumns(`
    ENGINE name64
    SUPPORT name64
    COMMENT text
    TRANSACTIONS yes?
    XA yes?
    SAVEPOINTS yes?`),
  rows: () => [
    {
      ENGINE: 'InnoDB',
      SUPPORT: 'DEFAULT',
      COMMENT: 'Partitions with a log each; the name is what MySQL clients ask for',
      TRANSACTIONS: 'YES',
      XA: 'NO',
      SAVEPOINTS: 'YES',
    },
  ],
};

const plugins: VirtualTable = {
  name: 'PLUGINS',
  columns: virtualColumns(`
    PLUGIN_NAME name64
    PLUGIN_VERSION name64
    PLUGIN_STATUS name64
    PLUGIN_TYPE name64
    PLUGIN_LIBRARY name64?
    PLUGIN_DESCRIPTION name64?
    PLUGIN_LICENSE name64?`),
  rows: () =>
    [
      ['caching_sha2_password', 'AUTHENTICATION', 'Caching sha2 authentication'],
      ['mysql_native_password', 'AUTHENTICATION', 'Native MySQL authentication'],
      ['InnoDB', 'STORAGE ENGINE', 'Partitions with a log each'],
    ].map(([name = '', type = '', description = '']) => ({
      PLUGIN_NAME: name,
      PLUGIN_VERSION: '1.0',
      PLUGIN_STATUS: 'ACTIVE',
      PLUGIN_TYPE: type,
      PLUGIN_DESCRIPTION: description,
      PLUGIN_LICENSE: 'Apache-2.0',
    })),
};

/** Everyone's clients with PROCESS, else one's own. */
export function visibleProcesses(scope: VirtualScope): readonly ProcessDescription[] {
  const all = scope.registry.list();
  if (scope.holds('PROCESS')) return all;
  return all.filter((process) => process.user === scope.session.account.user);
}

const processList: VirtualTable = {
  name: 'PROCESSLIST',
  columns: virtualColumns(`
    ID count
    USER name64
    HOST text
    DB name64?
    COMMAND name64
    TIME number
    STATE name64?
    INFO long?`),
  rows: (scope) =>
    visibleProcesses(scope).map((process) => ({
      ID: BigInt(process.id),
      USER: process.user,
      HOST: process.host,
      DB: process.database,
      COMMAND: process.command,
      TIME: BigInt(Math.floor(process.timeMs / 1000)),
      STATE: process.state,
      INFO: process.info,
    })),
};

function variableTable(name: string, scope: 'session' | 'global'): VirtualTable {
  return {
    name,
    columns: virtualColumns(`
      VARIABLE_NAME name64
      VARIABLE_VALUE text?`),
    rows: ({ session }) =>
      session.variables
        .list(scope)
        .map(([variable, value]) => ({ VARIABLE_NAME: variable, VARIABLE_VALUE: value })),
  };
}

function statusTable(name: string): VirtualTable {
  return {
    name,
    columns: virtualColumns(`
      VARIABLE_NAME name64
      VARIABLE_VALUE text?`),
    rows: (scope): readonly VirtualRow[] =>
      statusValues(scope).map(([variable, value]) => ({
        VARIABLE_NAME: variable,
        VARIABLE_VALUE: value,
      })),
  };
}

export const serverTables: readonly VirtualTable[] = [
  characterSets,
  collationTable,
  applicability,
  engines,
  keywords,
  plugins,
  processList,
];

/** What clients said of themselves when they logged in; of one's own, or with PROCESS of all. */
const connectAttributes: VirtualTable = {
  name: 'SESSION_CONNECT_ATTRS',
  columns: virtualColumns(`
    PROCESSLIST_ID count
    ATTR_NAME name64
    ATTR_VALUE text?
    ORDINAL_POSITION number?`),
  rows: (scope) =>
    visibleProcesses(scope).flatMap(({ id }) =>
      [...scope.registry.session(id).attributes].map(([name, value], index) => ({
        PROCESSLIST_ID: BigInt(id),
        ATTR_NAME: name,
        ATTR_VALUE: value,
        ORDINAL_POSITION: BigInt(index),
      })),
    ),
};

/** Of performance_schema: where MySQL 8 keeps its variables and status. */
export const performanceTables: readonly VirtualTable[] = [
  variableTable('SESSION_VARIABLES', 'session'),
  variableTable('GLOBAL_VARIABLES', 'global'),
  statusTable('SESSION_STATUS'),
  statusTable('GLOBAL_STATUS'),
  processList,
  connectAttributes,
];
