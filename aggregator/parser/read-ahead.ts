// Reads the long lists of a statement before it is parsed, so that others have turns amid them: the
// rows of VALUES and the lists of IN, in which the length of long texts is.

import { ListsAhead, STRETCH_CHARACTERS } from './lists-ahead.ts';
import { parseInsertRow } from './parse-change.ts';
import type { TokenReader } from './token-reader.ts';

/**
 * From the current token to the end of the statement, and back: its parsing finds the lists read.
 * Yields where there may be a pause. Throws nothing that parsing would not throw: what is wrong in
 * a list is thrown when parsing gets there.
 */
export function* readAhead(reader: TokenReader): Generator<null, void, void> {
  const start = reader.mark();
  const lists = new ListsAhead();
  let nextPause = reader.at + STRETCH_CHARACTERS;
  while (!reader.isEnd()) {
    const { kind, keyword } = reader.lexer;
    if (kind === 'parameter') reader.takeParameterIndex();
    reader.next();
    if (reader.isOperator('(')) yield* readList(reader, lists, keyword);
    if (reader.at < nextPause) continue;
    yield null;
    nextPause = reader.at + STRETCH_CHARACTERS;
  }
  reader.reset(start);
  reader.ahead = lists;
}

/** The list behind `keyword`, if it is one; else nothing is read. */
function* readList(
  reader: TokenReader,
  lists: ListsAhead,
  keyword: string,
): Generator<null, void, void> {
  switch (keyword) {
    case 'values':
    case 'value':
      return yield* lists.read(reader, () => parseInsertRow(reader));
    case 'in':
      reader.next();
      // A list may stand within the query: it is come to.
      if (isQuery(reader)) return;
      return yield* lists.read(reader, () => reader.parseExpression());
  }
}

/** True before a query, in parentheses of its own or not. */
function isQuery(reader: TokenReader): boolean {
  const start = reader.mark();
  while (reader.acceptOperator('('));
  const found = reader.isQueryStart();
  reader.reset(start);
  return found;
}
