// A column's type as written becomes the type we store: lengths, defaults and limits of MySQL.

import { assert } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { TypeName } from '#aggregator/parser/ast-definition.ts';
import type { DefinitionNotes } from './definition-notes.ts';

/** Characters of utf8mb4 that fit into a row of MySQL: 65,535 bytes. */
const VARCHAR_LENGTH_MAX = 16_383;
const VARBINARY_LENGTH_MAX = 65_535;

const integerBits: Readonly<Record<string, 8 | 16 | 24 | 32 | 64>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
};

type TextForm = 'tinytext' | 'text' | 'mediumtext' | 'longtext';
type BlobForm = 'tinyblob' | 'blob' | 'mediumblob' | 'longblob';

const textBytes: Readonly<Record<TextForm, number>> = {
  tinytext: 255,
  text: 65_535,
  mediumtext: 16_777_215,
  longtext: 4_294_967_295,
};

const blobBytes: Readonly<Record<BlobForm, number>> = {
  tinyblob: 255,
  blob: 65_535,
  mediumblob: 16_777_215,
  longblob: 4_294_967_295,
};

const spatialTypes = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
]);

export interface ColumnTypeContext {
  readonly column: string;
  /** The table's collation, for a string column that names none. */
  readonly collation: Collation;
  readonly notes: DefinitionNotes;
}

/** The type a column is stored with. Throws the errors MySQL has for lengths out of bounds. */
export function columnTypeOf(syntax: TypeName, context: ColumnTypeContext): ColumnType {
  const { name } = syntax;
  const bits = integerBits[name];
  if (bits !== undefined) return integerType(syntax, bits);
  if (name === 'bool' || name === 'boolean') {
    return { kind: 'integer', bits: 8, unsigned: false, boolean: true };
  }
  if (name === 'decimal') return decimalType(syntax, context.column);
  if (name === 'float' || name === 'double' || name === 'real') return floatingType(syntax);
  if (name === 'bit') return bitType(syntax, context.column);
  if (name === 'year') return { kind: 'year' };
  if (name === 'date') return { kind: 'date' };
  if (name === 'json') return { kind: 'json' };
  if (name === 'datetime' || name === 'timestamp' || name === 'time') {
    return { kind: name, fsp: fspOf(syntax, context.column) };
  }
  if (name === 'enum' || name === 'set') return memberType(syntax, name, context);
  return textOrBytesType(syntax, context);
}

function integerType(syntax: TypeName, bits: 8 | 16 | 24 | 32 | 64): ColumnType {
  // ZEROFILL implies UNSIGNED in MySQL; the padding itself is a display matter that is not kept.
  const unsigned = syntax.unsigned || syntax.zerofill;
  const isBoolean = bits === 8 && syntax.lengths[0] === 1 && !unsigned;
  return { kind: 'integer', bits, unsigned, ...(isBoolean ? { boolean: true } : {}) };
}

function decimalType(syntax: TypeName, column: string): ColumnType {
  const [precision = 10, scale = 0] = syntax.lengths;
  if (scale > 30) throw databaseError('scaleTooBig', { column, scale });
  if (precision > 65) throw databaseError('precisionTooBig', { column, precision });
  if (scale > precision) throw databaseError('scaleOverPrecision', { column });
  const unsigned = syntax.unsigned || syntax.zerofill;
  return { kind: 'decimal', precision: precision === 0 ? 10 : precision, scale, unsigned };
}

function floatingType(syntax: TypeName): ColumnType {
  const unsigned = syntax.unsigned || syntax.zerofill;
  const [precision] = syntax.lengths;
  // FLOAT(p) with p above 24 is a DOUBLE in MySQL.
  const isSingle =
    syntax.name === 'float' && (syntax.lengths.length !== 1 || (precision ?? 0) <= 24);
  return { kind: isSingle ? 'float' : 'double', unsigned };
}

function bitType(syntax: TypeName, column: string): ColumnType {
  const [length = 1] = syntax.lengths;
  if (length > 64) throw databaseError('displayWidth', { column, max: 64 });
  return { kind: 'bit', length: Math.max(1, length) };
}

function fspOf(syntax: TypeName, column: string): number {
  const [fsp = 0] = syntax.lengths;
  if (fsp > 6) throw databaseError('fspTooBig', { column, precision: fsp });
  return fsp;
}

function memberType(
  syntax: TypeName,
  kind: 'enum' | 'set',
  context: ColumnTypeContext,
): ColumnType {
  const { column } = context;
  const members = syntax.members.map((member) => member.replace(/ +$/, ''));
  const seen = new Set<string>();
  for (const value of members) {
    if (seen.has(value.toLowerCase())) {
      throw databaseError('duplicateMember', { column, value, type: kind.toUpperCase() });
    }
    seen.add(value.toLowerCase());
  }
  if (kind === 'set' && members.length > 64) {
    throw databaseError('tooManyMembers', { column });
  }
  return { kind, members, collation: collationOf(syntax, context) };
}

/** The collation that a string column compares by; an approximated one is noted. */
function collationOf(syntax: TypeName, context: ColumnTypeContext): Collation {
  if (syntax.collation !== null) {
    return context.notes.collation(syntax.collation, resolveCollation(syntax.collation));
  }
  if (syntax.charset === null) return syntax.binary ? 'utf8mb4_bin' : context.collation;
  const alias = resolveCharacterSet(syntax.charset);
  return syntax.binary ? 'utf8mb4_bin' : context.notes.collation(syntax.charset, alias);
}

function textOrBytesType(syntax: TypeName, context: ColumnTypeContext): ColumnType {
  const { name } = syntax;
  const [length] = syntax.lengths;
  if (name === 'binary' || name === 'varbinary') return bytesType(name, length ?? 1, context);
  if (name in blobBytes) return blobType(name as BlobForm, length);
  if (spatialTypes.has(name)) {
    context.notes.warn(`Column '${context.column}' keeps ${name.toUpperCase()} as bytes`);
    return { kind: 'binary', form: 'longblob', length: blobBytes.longblob };
  }
  const collation = collationOf(syntax, context);
  if (name === 'char' || name === 'varchar') {
    return charactersType(name, length ?? 1, collation, context);
  }
  if (name in textBytes) return textType(name as TextForm, length, collation);
  throw databaseError('unsupported', { what: `the type ${name.toUpperCase()}` });
}

function bytesType(
  form: 'binary' | 'varbinary',
  length: number,
  { column }: ColumnTypeContext,
): ColumnType {
  const max = form === 'binary' ? 255 : VARBINARY_LENGTH_MAX;
  if (length > max) throw databaseError('columnTooBig', { column, max });
  return { kind: 'binary', form, length };
}

function charactersType(
  form: 'char' | 'varchar',
  length: number,
  collation: Collation,
  { column }: ColumnTypeContext,
): ColumnType {
  const max = form === 'char' ? 255 : VARCHAR_LENGTH_MAX;
  if (length > max) throw databaseError('columnTooBig', { column, max });
  if (collation === 'binary') {
    return { kind: 'binary', form: form === 'char' ? 'binary' : 'varbinary', length };
  }
  return { kind: 'string', form, length, collation };
}

/** TEXT(n) is the smallest form that holds n characters. */
function textType(form: TextForm, length: number | undefined, collation: Collation): ColumnType {
  const chosen = length === undefined ? form : smallestForm(textBytes, length * 4);
  if (collation === 'binary') {
    const blob = chosen.replace('text', 'blob') as BlobForm;
    return { kind: 'binary', form: blob, length: blobBytes[blob] };
  }
  return { kind: 'string', form: chosen, length: textBytes[chosen], collation };
}

function blobType(form: BlobForm, length: number | undefined): ColumnType {
  const chosen = length === undefined ? form : smallestForm(blobBytes, length);
  return { kind: 'binary', form: chosen, length: blobBytes[chosen] };
}

function smallestForm<F extends string>(forms: Readonly<Record<F, number>>, bytes: number): F {
  const names = Object.keys(forms) as F[];
  const chosen = names.find((name) => bytes <= forms[name]) ?? names.at(-1);
  assert(chosen !== undefined, 'a family of forms has members');
  return chosen;
}
