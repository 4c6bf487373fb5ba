// A column type as CREATE TABLE names it, with synonyms resolved.

import type { TypeName } from './ast-definition.ts';
import type { TokenReader } from './token-reader.ts';

/** Names that are other names' synonyms. */
const synonyms: Readonly<Record<string, string>> = {
  integer: 'int',
  int1: 'tinyint',
  int2: 'smallint',
  int3: 'mediumint',
  int4: 'int',
  int8: 'bigint',
  middleint: 'mediumint',
  dec: 'decimal',
  numeric: 'decimal',
  fixed: 'decimal',
  real: 'double',
  float4: 'float',
  float8: 'double',
  character: 'char',
  nchar: 'char',
  nvarchar: 'varchar',
  varcharacter: 'varchar',
  geometrycollection: 'geomcollection',
};

const knownTypes: ReadonlySet<string> = new Set(
  (
    'tinyint smallint mediumint int bigint decimal float double bit bool boolean serial char ' +
    'varchar binary varbinary tinytext text mediumtext longtext tinyblob blob mediumblob ' +
    'longblob enum set json date datetime timestamp time year geometry point linestring ' +
    'polygon multipoint multilinestring multipolygon geomcollection'
  ).split(' '),
);

/** The type, its lengths and the attributes that are part of it. */
export function parseTypeName(reader: TokenReader): TypeName {
  const { at, lexer } = reader;
  if (lexer.kind !== 'word') throw reader.syntaxError();
  const { name, charset } = parseWords(reader, at);
  if (name === 'serial') return { ...plainType(at, 'bigint'), unsigned: true };
  if (name === 'bool' || name === 'boolean') return { ...plainType(at, 'tinyint'), lengths: [1] };
  const members = name === 'enum' || name === 'set' ? parseMembers(reader) : [];
  const lengths = members.length === 0 ? parseLengths(reader) : [];
  return parseTypeAttributes(reader, { ...plainType(at, name), lengths, members, charset });
}

function plainType(at: number, name: string): TypeName {
  return {
    at,
    name,
    lengths: [],
    members: [],
    unsigned: false,
    zerofill: false,
    charset: null,
    collation: null,
    binary: false,
  };
}

function parseWords(reader: TokenReader, at: number): { name: string; charset: string | null } {
  const word = reader.anyWord();
  if (word === 'national') {
    const next = reader.expectOneOf(['char', 'character', 'varchar', 'varcharacter'] as const);
    const varying = reader.acceptWord('varying') || next.startsWith('var');
    return { name: varying ? 'varchar' : 'char', charset: 'utf8mb3' };
  }
  const charset = word === 'nchar' || word === 'nvarchar' ? 'utf8mb3' : null;
  if (word === 'long') return { name: parseLong(reader), charset };
  if (word === 'double') reader.acceptWord('precision');
  let name = synonyms[word] ?? word;
  if (word === 'real' && reader.options.realAsFloat) name = 'float';
  if (word === 'nchar' && reader.acceptOneOf(['varchar', 'varcharacter'] as const) !== null) {
    name = 'varchar';
  }
  if (name === 'char' && reader.acceptWord('varying')) name = 'varchar';
  if (!knownTypes.has(name)) throw reader.syntaxErrorAt(at);
  return { name, charset };
}

/** LONG, LONG VARCHAR and LONG VARBINARY. */
function parseLong(reader: TokenReader): string {
  if (reader.acceptWord('varbinary')) return 'mediumblob';
  // LONG CHARACTER SET utf8 names a character set, LONG CHARACTER VARYING a type.
  if (reader.acceptOneOf(['varchar', 'varcharacter'] as const) === null) {
    if (!reader.acceptWords('char varying')) reader.acceptWords('character varying');
  }
  return 'mediumtext';
}

function parseMembers(reader: TokenReader): string[] {
  return reader.parenthesized(() => reader.string());
}

function parseLengths(reader: TokenReader): number[] {
  return reader.isOperator('(') ? reader.parenthesized(() => reader.integer()) : [];
}

function parseTypeAttributes(reader: TokenReader, plain: TypeName): TypeName {
  let type = plain;
  for (;;) {
    if (reader.acceptWord('unsigned')) type = { ...type, unsigned: true };
    else if (reader.acceptWord('signed')) type = { ...type, unsigned: false };
    else if (reader.acceptWord('zerofill')) type = { ...type, unsigned: true, zerofill: true };
    else if (reader.acceptWords('character set') || reader.acceptWords('char set')) {
      type = { ...type, charset: reader.charsetName() };
    } else if (reader.acceptWord('charset')) type = { ...type, charset: reader.charsetName() };
    else if (reader.acceptWord('collate')) type = { ...type, collation: reader.charsetName() };
    else if (reader.acceptWord('binary')) type = { ...type, binary: true };
    else if (reader.acceptWord('ascii')) type = { ...type, charset: 'latin1' };
    else if (reader.acceptWord('unicode')) type = { ...type, charset: 'ucs2' };
    else if (reader.acceptWord('byte')) type = { ...type, charset: 'binary' };
    else return type;
  }
}
