// SHOW CREATE in all its kinds.

import type { ShowWhat } from './ast-administration.ts';
import { parseAccountName } from './parse-account.ts';
import type { TokenReader } from './token-reader.ts';

/** What follows SHOW CREATE. */
export function parseShowCreate(reader: TokenReader): ShowWhat {
  const { at } = reader;
  const word = reader.anyWord();
  switch (word) {
    case 'table':
      return { kind: 'createTable', table: reader.tableName() };
    case 'view':
      return { kind: 'createView', table: reader.tableName() };
    case 'database':
    case 'schema': {
      const ifNotExists = reader.acceptWords('if not exists');
      return { kind: 'createDatabase', name: reader.name(), ifNotExists };
    }
    case 'user':
      return { kind: 'createUser', account: parseAccountName(reader) };
    case 'procedure':
    case 'function':
    case 'trigger':
    case 'event':
      return { kind: 'createRoutine', routine: word, name: reader.tableName() };
    default:
      throw reader.syntaxErrorAt(at);
  }
}
