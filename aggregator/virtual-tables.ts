// Tables that live at the aggregator: what information_schema must offer to be selected from.

import type { Row } from '#shared/sql/column-type.ts';
import type { Session } from './session.ts';
import type { ResultColumn } from './statement-result.ts';

/** Names come as the client wrote them: the supplier folds their case. */
export interface VirtualTables {
  /** True for a database that holds virtual tables only: information_schema, performance_schema. */
  isVirtualDatabase(name: string): boolean;
  /** The columns of a virtual table, or null where there is none of that name. */
  columns(database: string, name: string): readonly ResultColumn[] | null;
  /** All its rows, as this session may see them, values in the stored form of their types. */
  rows(database: string, name: string, session: Session): Promise<readonly Row[]>;
}
