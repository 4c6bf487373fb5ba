// The SHOWs that show a table of information_schema under other headers.

import type { InformationSchema } from '#aggregator/metadata/information-schema.ts';
import type { VirtualRow } from '#aggregator/metadata/information-schema/virtual-table.ts';
import type { Session } from '#aggregator/session.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { answer, type Header, type ShowAnswer } from './show-answer.ts';

/** A header and the column it shows; a constant where there is none. */
type ViewColumn = readonly [header: Header, column: string] | readonly [Header, null, StoredValue];

export interface ShowView {
  readonly table: string;
  readonly columns: readonly ViewColumn[];
}

const n = (name: string): Header => [name, 'number'];
const l = (name: string): Header => [name, 'long'];
const m = (name: string): Header => [name, 'moment'];

export const columnsView: ShowView = {
  table: 'COLUMNS',
  columns: [
    ['Field', 'COLUMN_NAME'],
    [l('Type'), 'COLUMN_TYPE'],
    ['Null', 'IS_NULLABLE'],
    ['Key', 'COLUMN_KEY'],
    [l('Default'), 'COLUMN_DEFAULT'],
    ['Extra', 'EXTRA'],
  ],
};

export const fullColumnsView: ShowView = {
  table: 'COLUMNS',
  columns: [
    ['Field', 'COLUMN_NAME'],
    [l('Type'), 'COLUMN_TYPE'],
    ['Collation', 'COLLATION_NAME'],
    ['Null', 'IS_NULLABLE'],
    ['Key', 'COLUMN_KEY'],
    [l('Default'), 'COLUMN_DEFAULT'],
    ['Extra', 'EXTRA'],
    ['Privileges', 'PRIVILEGES'],
    [l('Comment'), 'COLUMN_COMMENT'],
  ],
};

export const indexesView: ShowView = {
  table: 'STATISTICS',
  columns: [
    ['Table', 'TABLE_NAME'],
    [n('Non_unique'), 'NON_UNIQUE'],
    ['Key_name', 'INDEX_NAME'],
    [n('Seq_in_index'), 'SEQ_IN_INDEX'],
    ['Column_name', 'COLUMN_NAME'],
    ['Collation', 'COLLATION'],
    [n('Cardinality'), 'CARDINALITY'],
    [n('Sub_part'), 'SUB_PART'],
    ['Packed', 'PACKED'],
    ['Null', 'NULLABLE'],
    ['Index_type', 'INDEX_TYPE'],
    ['Comment', 'COMMENT'],
    ['Index_comment', 'INDEX_COMMENT'],
    ['Visible', 'IS_VISIBLE'],
    [l('Expression'), 'EXPRESSION'],
  ],
};

export const tableStatusView: ShowView = {
  table: 'TABLES',
  columns: [
    ['Name', 'TABLE_NAME'],
    ['Engine', 'ENGINE'],
    [n('Version'), 'VERSION'],
    ['Row_format', 'ROW_FORMAT'],
    [n('Rows'), 'TABLE_ROWS'],
    [n('Avg_row_length'), 'AVG_ROW_LENGTH'],
    [n('Data_length'), 'DATA_LENGTH'],
    [n('Max_data_length'), 'MAX_DATA_LENGTH'],
    [n('Index_length'), 'INDEX_LENGTH'],
    [n('Data_free'), 'DATA_FREE'],
    [n('Auto_increment'), 'AUTO_INCREMENT'],
    [m('Create_time'), 'CREATE_TIME'],
    [m('Update_time'), 'UPDATE_TIME'],
    [m('Check_time'), 'CHECK_TIME'],
    ['Collation', 'TABLE_COLLATION'],
    [n('Checksum'), 'CHECKSUM'],
    ['Create_options', 'CREATE_OPTIONS'],
    ['Comment', 'TABLE_COMMENT'],
  ],
};

/** Those without anything but a filter, by the kind of the SHOW. */
export const plainViews = {
  engines: {
    table: 'ENGINES',
    columns: [
      ['Engine', 'ENGINE'],
      ['Support', 'SUPPORT'],
      ['Comment', 'COMMENT'],
      ['Transactions', 'TRANSACTIONS'],
      ['XA', 'XA'],
      ['Savepoints', 'SAVEPOINTS'],
    ],
  },
  charsets: {
    table: 'CHARACTER_SETS',
    columns: [
      ['Charset', 'CHARACTER_SET_NAME'],
      ['Description', 'DESCRIPTION'],
      ['Default collation', 'DEFAULT_COLLATE_NAME'],
      [n('Maxlen'), 'MAXLEN'],
    ],
  },
  collations: {
    table: 'COLLATIONS',
    columns: [
      ['Collation', 'COLLATION_NAME'],
      ['Charset', 'CHARACTER_SET_NAME'],
      [n('Id'), 'ID'],
      ['Default', 'IS_DEFAULT'],
      ['Compiled', 'IS_COMPILED'],
      [n('Sortlen'), 'SORTLEN'],
      ['Pad_attribute', 'PAD_ATTRIBUTE'],
    ],
  },
  plugins: {
    table: 'PLUGINS',
    columns: [
      ['Name', 'PLUGIN_NAME'],
      ['Status', 'PLUGIN_STATUS'],
      ['Type', 'PLUGIN_TYPE'],
      ['Library', 'PLUGIN_LIBRARY'],
      ['License', 'PLUGIN_LICENSE'],
    ],
  },
  leaves: {
    table: 'LEAVES',
    columns: [
      ['Host', 'HOST'],
      [n('Port'), 'PORT'],
      [n('Availability_Group'), 'AVAILABILITY_GROUP'],
      ['Pair_Host', 'PAIR_HOST'],
      [n('Pair_Port'), 'PAIR_PORT'],
      ['State', 'STATE'],
      [n('Opened_Connections'), 'OPENED_CONNECTIONS'],
      [['Average_Roundtrip_Latency_ms', 'double'], 'AVERAGE_ROUNDTRIP_LATENCY_MS'],
      [n('NodeId'), 'NODE_ID'],
      [n('Grace_Period_in_Seconds'), 'GRACE_PERIOD_IN_SECONDS'],
      [n('Minimum_Pre_Prepare_Ts'), 'MINIMUM_PRE_PREPARE_TS'],
      ['Runtime_State', 'RUNTIME_STATE'],
    ],
  },
} as const satisfies Record<string, ShowView>;

export const aggregatorsView = {
  table: 'AGGREGATORS',
  columns: [
    ['Host', 'HOST'],
    [n('Port'), 'PORT'],
    ['State', 'STATE'],
    [n('Opened_Connections'), 'OPENED_CONNECTIONS'],
    [['Average_Roundtrip_Latency_ms', 'double'], 'AVERAGE_ROUNDTRIP_LATENCY_MS'],
    [n('Master_Aggregator'), 'MASTER_AGGREGATOR'],
    ['Role', 'ROLE'],
    [n('NodeID'), 'NODE_ID'],
    ['Runtime_State', 'RUNTIME_STATE'],
  ],
} as const satisfies ShowView;

export const aggregatorsExtendedView: ShowView = {
  table: 'AGGREGATORS',
  columns: [
    ...aggregatorsView.columns,
    [n('Local_Minimum_Pre_Prepare_Ts'), null, null],
    [n('Minimum_Pre_Prepare_Ts'), null, null],
    [n('Availability_Group'), null, 1n],
  ],
};

/** The rows under the view's headers. */
export function viewAnswer(view: ShowView, rows: readonly VirtualRow[]): ShowAnswer {
  const shown = rows.map((row) =>
    view.columns.map(([, column, constant]) =>
      column === null ? (constant ?? null) : (row[column] ?? null),
    ),
  );
  return answer(
    view.columns.map(([header]) => header),
    shown,
  );
}

/** All the rows of the view's table, as the session may see them. */
export async function readView(
  schema: InformationSchema,
  view: ShowView,
  session: Session,
): Promise<ShowAnswer> {
  return viewAnswer(view, await schema.read(schema.table(view.table), session));
}
