// ENGINE=, CHARSET=, COMMENT= and the other options behind a table's columns.

import type { TableOption } from './ast-definition.ts';
import type { TokenReader } from './token-reader.ts';

const optionNames: ReadonlySet<string> = new Set(
  (
    'engine type auto_increment avg_row_length checksum comment compression connection ' +
    'delay_key_write encryption insert_method key_block_size max_rows min_rows pack_keys ' +
    'password row_format stats_auto_recalc stats_persistent stats_sample_pages tablespace ' +
    'secondary_engine autoextend_size engine_attribute secondary_engine_attribute charset ' +
    'collate default character index data table_checksum storage start'
  ).split(' '),
);

/** The options that follow, with or without commas between. */
export function parseTableOptions(reader: TokenReader): TableOption[] {
  const options: TableOption[] = [];
  for (;;) {
    const option = parseTableOption(reader);
    if (option === null) return options;
    options.push(option);
    if (!reader.isOperator(',')) continue;
    const mark = reader.mark();
    reader.next();
    if (optionNames.has(reader.lexer.keyword) || reader.isWord('union')) continue;
    reader.reset(mark);
    return options;
  }
}

/** One option; null when none begins here. */
export function parseTableOption(reader: TokenReader): TableOption | null {
  const { at, lexer } = reader;
  if (reader.isWord('union')) throw reader.unsupported('UNION = (tables)');
  if (!optionNames.has(lexer.keyword)) return null;
  const mark = reader.mark();
  const isDefault = reader.acceptWord('default');
  let name = reader.anyWord();
  if (name === 'character') {
    reader.expectWord('set');
    name = 'charset';
  } else if ((name === 'index' || name === 'data') && reader.acceptWord('directory')) {
    name += ' directory';
  } else if (isDefault && name !== 'charset' && name !== 'collate') {
    reader.reset(mark);
    return null;
  }
  reader.acceptOperator('=');
  return { at, name, value: parseOptionValue(reader, name) };
}

function parseOptionValue(reader: TokenReader, name: string): string {
  const { kind, value } = reader.lexer;
  if (name === 'charset' || name === 'collate') return reader.charsetName();
  if (!['word', 'quoted', 'string', 'integer'].includes(kind)) throw reader.syntaxError();
  reader.next();
  return value;
}
