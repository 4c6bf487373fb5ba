// What a value being stored needs besides itself, and how a problem with it is told.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { ColumnType } from './column-type.ts';
import { sourceForMessage, type PresentValue } from './source-value.ts';
import type { TimeZone } from './time-zone.ts';

/** The column that a value is stored in. */
export interface StoreColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** One whose type is of that kind. */
export type StoreColumnOf<K extends ColumnType['kind']> = StoreColumn & {
  readonly type: Extract<ColumnType, { kind: K }>;
};

export interface StoreContext {
  /** The row of the statement, from 1: errors name it. */
  readonly row: number;
  /** STRICT_TRANS_TABLES or STRICT_ALL_TABLES: what does not fit is an error, else a warning. */
  readonly strict: boolean;
  /** Zero dates are let in: neither NO_ZERO_DATE nor NO_ZERO_IN_DATE. Absent: not when strict. */
  readonly zeroDates?: boolean;
  /** The session's zone, in which a TIMESTAMP is written. */
  readonly timeZone: TimeZone;
  /** Takes what MySQL would answer as a warning of this statement. */
  readonly warn: (level: 'Note' | 'Warning', problem: DatabaseError) => void;
}

/** Longer values are cut in an error's sentence. */
const MESSAGE_LENGTH_MAX = 128;

/** Throws the error when the mode is strict, else warns of it. */
function refuse(context: StoreContext, problem: DatabaseError): void {
  if (context.strict) throw problem;
  context.warn('Warning', problem);
}

export function refuseRange(column: StoreColumn, context: StoreContext): void {
  refuse(context, databaseError('outOfRange', { column: column.name, row: context.row }));
}

export function refuseTruncated(column: StoreColumn, context: StoreContext): void {
  refuse(context, databaseError('dataTruncated', { column: column.name, row: context.row }));
}

export function refuseLength(column: StoreColumn, context: StoreContext): void {
  refuse(context, databaseError('dataTooLong', { column: column.name, row: context.row }));
}

/** 1366: the value is nothing that the type could hold. */
export function refuseValue(
  column: StoreColumn,
  context: StoreContext,
  problem: { readonly type: string; readonly value: string },
): void {
  const place = { column: column.name, row: context.row };
  refuse(context, databaseError('incorrectValue', { ...problem, ...place }));
}

/** 1292: no such moment. */
export function refuseTemporal(
  column: StoreColumn,
  context: StoreContext,
  source: PresentValue,
): void {
  const value = sourceForMessage(source).slice(0, MESSAGE_LENGTH_MAX);
  const type = column.type.kind === 'timestamp' ? 'datetime' : column.type.kind;
  const place = { column: column.name, row: context.row };
  refuse(context, databaseError('incorrectTemporal', { type, value, ...place }));
}

/** 1265 as a note: the value lost what the column does not hold, which is no error. */
export function noteTruncated(column: StoreColumn, context: StoreContext): void {
  const problem = databaseError('dataTruncated', { column: column.name, row: context.row });
  context.warn('Note', problem);
}
