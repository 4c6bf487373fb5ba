// CREATE VIEW and ALTER VIEW.

import type { CreateView } from './ast-definition.ts';
import { parseAccountName } from './parse-account.ts';
import type { TokenReader } from './token-reader.ts';

type Head = Pick<CreateView, 'algorithm' | 'definer' | 'security'>;

/** What follows CREATE or ALTER, where it is a view; else null, and nothing is read. */
export function parseView(
  reader: TokenReader,
  at: number,
  kind: CreateView['kind'],
): CreateView | null {
  const mark = reader.mark();
  const orReplace = kind === 'createView' && reader.acceptWords('or replace');
  const head = parseHead(reader);
  if (!reader.acceptWord('view')) {
    reader.reset(mark);
    return null;
  }
  const ifNotExists = kind === 'createView' && reader.acceptWords('if not exists');
  const view = reader.tableName();
  const columns = parseColumns(reader);
  reader.expectWord('as');
  const query = reader.parseQuery();
  const checkOption = parseCheckOption(reader);
  return { kind, at, view, orReplace, ifNotExists, ...head, columns, query, checkOption };
}

/** ALGORITHM, DEFINER and SQL SECURITY. */
function parseHead(reader: TokenReader): Head {
  let head: Head = { algorithm: null, definer: null, security: null };
  for (;;) {
    if (reader.acceptWord('algorithm')) {
      reader.acceptOperator('=');
      const algorithm = reader.expectOneOf(['undefined', 'merge', 'temptable'] as const);
      head = { ...head, algorithm };
    } else if (reader.acceptWord('definer')) {
      reader.acceptOperator('=');
      head = { ...head, definer: parseAccountName(reader) };
    } else if (reader.acceptWords('sql security')) {
      head = { ...head, security: reader.expectOneOf(['definer', 'invoker'] as const) };
    } else return head;
  }
}

function parseColumns(reader: TokenReader): readonly string[] {
  if (!reader.acceptOperator('(')) return [];
  const columns = reader.list(() => reader.name());
  reader.expectOperator(')');
  return columns;
}

/** WITH [CASCADED | LOCAL] CHECK OPTION. */
function parseCheckOption(reader: TokenReader): CreateView['checkOption'] {
  if (!reader.acceptWord('with')) return 'none';
  const option = reader.acceptOneOf(['cascaded', 'local'] as const) ?? 'cascaded';
  reader.expectWords('check option');
  return option;
}
