// Keys and constraints of CREATE and ALTER TABLE.

import type { ForeignKeySyntax, IndexSyntax } from './ast-definition.ts';
import { parseIndexPart, parseReferences } from './parse-column.ts';
import type { TokenReader } from './token-reader.ts';

/** What an element of a table's list can be when it is no column. */
export type KeyElement =
  | { readonly kind: 'index'; readonly index: IndexSyntax }
  | { readonly kind: 'foreignKey'; readonly foreignKey: ForeignKeySyntax };

/**
 * [CONSTRAINT [name]] PRIMARY KEY, UNIQUE, KEY, INDEX, FULLTEXT, SPATIAL or FOREIGN KEY.
 * Null (and nothing taken) when a column or a CHECK begins here.
 */
export function parseKeyElement(reader: TokenReader): KeyElement | null {
  const mark = reader.mark();
  const { at } = reader;
  let constraint: string | null = null;
  if (reader.acceptWord('constraint') && reader.isName()) constraint = reader.name();
  switch (reader.lexer.keyword) {
    case 'primary':
      reader.next();
      reader.expectWord('key');
      return parseIndexElement(reader, { at, kind: 'primary', name: null });
    case 'unique':
      reader.next();
      reader.acceptOneOf(['key', 'index'] as const);
      return parseIndexElement(reader, { at, kind: 'unique', name: constraint });
    case 'key':
    case 'index':
      reader.next();
      return parseIndexElement(reader, { at, kind: 'index', name: null });
    case 'fulltext':
    case 'spatial': {
      const kind = reader.lexer.keyword === 'fulltext' ? 'fulltext' : 'spatial';
      reader.next();
      reader.acceptOneOf(['key', 'index'] as const);
      return parseIndexElement(reader, { at, kind, name: null });
    }
    case 'foreign':
      return parseForeignKey(reader, at, constraint);
    default:
      reader.reset(mark);
      return null;
  }
}

type IndexHead = Pick<IndexSyntax, 'at' | 'kind' | 'name'>;

function parseIndexElement(reader: TokenReader, head: IndexHead): KeyElement {
  let { name } = head;
  // MySQL takes a name after PRIMARY KEY too, and forgets it.
  if (reader.isName() && !reader.isWord('using')) name = reader.name();
  parseIndexType(reader);
  return { kind: 'index', index: parseIndexRest(reader, { ...head, name }) };
}

function parseIndexType(reader: TokenReader): void {
  if (reader.acceptOneOf(['using', 'type'] as const) === null) return;
  reader.expectOneOf(['btree', 'hash', 'rtree', 'clustered'] as const);
}

/** (parts) and options of an index whose name has been read. */
export function parseIndexRest(reader: TokenReader, head: IndexHead): IndexSyntax {
  const parts = reader.parenthesized(() => parseIndexPart(reader));
  return { ...head, parts, comment: parseIndexOptions(reader) };
}

/** The comment among the options; all others do not matter here. */
function parseIndexOptions(reader: TokenReader): string {
  let comment = '';
  for (;;) {
    const { keyword } = reader.lexer;
    if (keyword === 'using' || keyword === 'type') parseIndexType(reader);
    else if (keyword === 'comment') {
      reader.next();
      reader.acceptOperator('=');
      comment = reader.string();
    } else if (keyword === 'key_block_size') {
      reader.next();
      reader.acceptOperator('=');
      reader.integer();
    } else if (keyword === 'with') {
      reader.next();
      reader.expectWord('parser');
      reader.name();
    } else if (!reader.acceptWord('visible') && !reader.acceptWord('invisible')) return comment;
  }
}

function parseForeignKey(reader: TokenReader, at: number, constraint: string | null): KeyElement {
  reader.expectWords('foreign key');
  const index = reader.isName() ? reader.name() : null;
  const columns = reader.parenthesized(() => reader.name());
  const references = parseReferences(reader);
  return { kind: 'foreignKey', foreignKey: { at, name: constraint ?? index, columns, references } };
}
