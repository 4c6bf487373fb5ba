// A type as MySQL writes it, in SHOW COLUMNS, SHOW CREATE TABLE and information_schema.

import { stringText } from '#aggregator/parser/print-text.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';

function withFsp(name: string, fsp: number): string {
  return fsp === 0 ? name : `${name}(${fsp})`;
}

const integerNames = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' };

/** The name without lengths and attributes: information_schema's DATA_TYPE. */
export function dataTypeName(type: ColumnType): string {
  switch (type.kind) {
    case 'integer':
      return integerNames[type.bits];
    case 'string':
    case 'binary':
      return type.form;
    default:
      return type.kind;
  }
}

function signed(name: string, unsigned: boolean): string {
  return unsigned ? `${name} unsigned` : name;
}

/** The whole type: `int unsigned`, `varchar(45)`, `enum('a','b')`: COLUMN_TYPE. */
export function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'integer':
      return type.boolean === true ? 'tinyint(1)' : signed(dataTypeName(type), type.unsigned);
    case 'decimal':
      return signed(`decimal(${type.precision},${type.scale})`, type.unsigned);
    case 'float':
    case 'double':
      return signed(type.kind, type.unsigned);
    case 'bit':
      return `bit(${type.length})`;
    case 'string':
      return type.form === 'char' || type.form === 'varchar'
        ? `${type.form}(${type.length})`
        : type.form;
    case 'binary':
      return type.form === 'binary' || type.form === 'varbinary'
        ? `${type.form}(${type.length})`
        : type.form;
    case 'enum':
    case 'set':
      return `${type.kind}(${type.members.map(stringText).join(',')})`;
    case 'datetime':
    case 'timestamp':
    case 'time':
      return withFsp(type.kind, type.fsp);
    case 'json':
    case 'date':
    case 'year':
    case 'null':
      return type.kind;
  }
}
