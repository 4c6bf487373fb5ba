// One JSON line an event on standard error: a constant sentence and fields, never row values.

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null>>;

const ranks: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

/**
 * error: someone must act. warn: we act. info: a change of state. debug: the rest.
 * `with` gives a logger whose lines all carry the fields.
 */
export interface Logger {
  error(sentence: string, fields?: LogFields, cause?: unknown): void;
  warn(sentence: string, fields?: LogFields, cause?: unknown): void;
  info(sentence: string, fields?: LogFields): void;
  debug(sentence: string, fields?: LogFields): void;
  with(fields: LogFields): Logger;
}

function causeFields(cause: unknown): LogFields {
  if (cause === undefined) return {};
  if (!(cause instanceof Error)) return { cause: String(cause) };
  return { cause: cause.message, stack: cause.stack ?? '' };
}

function toJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A logger that writes lines up to `level` through `write`, standard error by default. */
export function createLogger(
  level: LogLevel,
  fields: LogFields = {},
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  function log(lineLevel: LogLevel, sentence: string, more: LogFields, cause?: unknown): void {
    if (ranks[lineLevel] > ranks[level]) return;
    const time = new Date().toISOString();
    const line = { time, level: lineLevel, event: sentence, ...fields, ...more };
    write(`${JSON.stringify({ ...line, ...causeFields(cause) }, toJson)}\n`);
  }
  return {
    error: (sentence, more = {}, cause) => log('error', sentence, more, cause),
    warn: (sentence, more = {}, cause) => log('warn', sentence, more, cause),
    info: (sentence, more = {}) => log('info', sentence, more),
    debug: (sentence, more = {}) => log('debug', sentence, more),
    with: (more) => createLogger(level, { ...fields, ...more }, write),
  };
}
