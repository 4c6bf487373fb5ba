// What a statement may cost, read off SQLite's own program for it: which tables it goes through.
//
// A program without a loop looks up rows by whole keys and does little. One with loops may go
// through every row of the tables that it loops over, and through their product where they nest.

import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';

export interface StatementShape {
  /** The tables looped over, `schema.name` quoted; null among them: more than can be told. */
  readonly loops: readonly (string | null)[];
  /** The schema, quoted, whose one table it counts page by page; null: it does more than that. */
  readonly counts: string | null;
}

/** No loop at all. */
export const keyLookup: StatementShape = { loops: [], counts: null };

const OPENS = new Set(['OpenRead', 'OpenWrite', 'ReopenIdx']);
const LOOPS = new Set(['Next', 'Prev', 'Count', 'VNext']);

interface Cursor {
  readonly database: number;
  readonly root: number;
}

/** The shape of a statement as this connection compiles it. Throws SqliteError when it cannot. */
export function shapeOf(connection: SqliteFile, sql: string): StatementShape {
  const program = connection.all(`EXPLAIN ${sql}`);
  const cursors = new Map<unknown, Cursor>();
  for (const [, opcode, p1, p2, p3] of program) {
    if (!OPENS.has(String(opcode))) continue;
    cursors.set(p1, { root: Number(p2), database: Number(p3) });
  }
  const loops: (string | null)[] = [];
  const looped = new Set<unknown>();
  const counted: (string | null)[] = [];
  const rewound = new Set<unknown>();
  for (const [, opcode, p1, p2] of program) {
    if (opcode === 'Rewind') rewound.add(p1);
    // DELETE of everything.
    if (opcode === 'Clear')
      loops.push(tableAt(connection, { root: Number(p1), database: Number(p2) }));
    if (!LOOPS.has(String(opcode)) || looped.has(p1)) continue;
    looped.add(p1);
    const cursor = cursors.get(p1);
    // What is not a stored table (a list, a sorter) holds what another loop has put there.
    if (cursor === undefined) continue;
    loops.push(tableAt(connection, cursor));
    if (opcode === 'Count') counted.push(schemaOf(connection, cursor));
  }
  // A queue that is rewound and never stepped through is a recursion, without a bound.
  const recursive = [...rewound].some((cursor) => !looped.has(cursor) && !cursors.has(cursor));
  if (recursive && !program.some(([, opcode]) => opcode === 'SorterNext')) loops.push(null);
  if (loops.length === 0) return keyLookup;
  const [counts = null] = loops.length === 1 ? counted : [];
  return { loops, counts };
}

/** The table of a table's or an index's first page. */
function tableAt(connection: SqliteFile, cursor: Cursor): string | null {
  const schema = schemaOf(connection, cursor);
  if (schema === null) return null;
  const sql = `SELECT tbl_name FROM ${schema}.sqlite_schema WHERE rootpage = ?`;
  const name = connection.get(sql, [BigInt(cursor.root)])?.[0];
  return typeof name === 'string' ? `${schema}.${quoteIdentifier(name)}` : null;
}

function schemaOf(connection: SqliteFile, { database }: Cursor): string | null {
  const schemas = connection.all('PRAGMA database_list');
  const schema = schemas.find(([number]) => number === database)?.[1];
  return typeof schema === 'string' ? quoteIdentifier(schema) : null;
}
