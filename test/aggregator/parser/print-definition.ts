// CREATE, ALTER and DROP of tables, indexes and databases back to MySQL text.

import { unreachable } from '#shared/assert.ts';
import type {
  AlterAction,
  CheckSyntax,
  ColumnPosition,
  ColumnSyntax,
  CreateTable,
  CreateView,
  DefinitionStatement,
  ForeignKeySyntax,
  IndexPartSyntax,
  IndexSyntax,
  ReferenceClause,
  SourceExpression,
  TableOption,
  TypeName,
} from '#aggregator/parser/ast-definition.ts';
import { nameText } from '#shared/sql/name-text.ts';
import {
  nameListText,
  stringText,
  tableNameText,
  words,
  type Printer,
} from '#aggregator/parser/print-text.ts';

/** The statement; expressions inside it are printed anew, not copied. */
export function definitionText(printer: Printer, statement: DefinitionStatement): string {
  switch (statement.kind) {
    case 'createDatabase':
      return words(
        'CREATE DATABASE',
        statement.ifNotExists && 'IF NOT EXISTS',
        nameText(statement.name),
        statement.durability !== null && `WITH ${statement.durability.toUpperCase()} DURABILITY`,
        statement.partitions !== null && `PARTITIONS ${statement.partitions}`,
        charsetText(statement),
      );
    case 'alterDatabase':
      return words(
        'ALTER DATABASE',
        statement.name !== null && nameText(statement.name),
        charsetText(statement),
      );
    case 'dropDatabase':
      return words('DROP DATABASE', statement.ifExists && 'IF EXISTS', nameText(statement.name));
    case 'createTable':
      return createTableText(printer, statement);
    case 'alterTable': {
      const actions = statement.actions.map((action) => actionText(printer, action));
      return words('ALTER TABLE', tableNameText(statement.table), actions.join(', '));
    }
    case 'dropTable':
      return words(
        'DROP',
        statement.temporary && 'TEMPORARY',
        'TABLE',
        statement.ifExists && 'IF EXISTS',
        statement.tables.map(tableNameText).join(', '),
      );
    case 'dropRoutine':
      return words(
        'DROP',
        statement.routine.toUpperCase(),
        statement.ifExists && 'IF EXISTS',
        tableNameText(statement.name),
      );
    case 'createView':
    case 'alterView':
      return viewText(printer, statement);
    case 'dropView':
      return words(
        'DROP VIEW',
        statement.ifExists && 'IF EXISTS',
        statement.views.map(tableNameText).join(', '),
      );
    case 'truncateTable':
      return `TRUNCATE TABLE ${tableNameText(statement.table)}`;
    case 'renameTable':
      return `RENAME TABLE ${statement.renames
        .map(({ from, to }) => `${tableNameText(from)} TO ${tableNameText(to)}`)
        .join(', ')}`;
    case 'createIndex':
      return createIndexText(printer, statement);
    case 'dropIndex':
      return `DROP INDEX ${nameText(statement.name)} ON ${tableNameText(statement.table)}`;
    default:
      return unreachable(statement);
  }
}

function charsetText(options: { charset: string | null; collation: string | null }): string {
  return words(
    options.charset !== null && `CHARACTER SET ${options.charset}`,
    options.collation !== null && `COLLATE ${options.collation}`,
  );
}

function createIndexText(
  printer: Printer,
  statement: Extract<DefinitionStatement, { kind: 'createIndex' }>,
): string {
  const { index, table } = statement;
  return words(
    'CREATE',
    index.kind !== 'index' && index.kind.toUpperCase(),
    'INDEX',
    index.name !== null && nameText(index.name),
    `ON ${tableNameText(table)}`,
    partsText(printer, index.parts),
    commentText(index.comment),
  );
}

function createTableText(printer: Printer, statement: CreateTable): string {
  const { table, like, query, shardKey, sortKey } = statement;
  const head = words(
    'CREATE',
    statement.reference && 'REFERENCE',
    statement.temporary && 'TEMPORARY',
    'TABLE',
    statement.ifNotExists && 'IF NOT EXISTS',
    tableNameText(table),
  );
  if (like !== null) return `${head} LIKE ${tableNameText(like)}`;
  const elements = [
    ...statement.columns.map((column) => columnText(printer, column)),
    ...statement.indexes.map((index) => indexText(printer, index)),
    ...statement.foreignKeys.map(foreignKeyText),
    ...statement.checks.map((check) => checkText(printer, check)),
    ...(shardKey === null ? [] : [`SHARD KEY ${nameListText(shardKey.columns)}`]),
    ...(sortKey === null ? [] : [`SORT KEY ${nameListText(sortKey.columns)}`]),
  ];
  return words(
    head,
    elements.length > 0 && `(${elements.join(', ')})`,
    statement.options.map(optionText).join(' '),
    query !== null && `AS ${printer.query(query)}`,
  );
}

function optionText(option: TableOption): string {
  const name = option.name === 'charset' ? 'CHARSET' : option.name.toUpperCase();
  const isName = option.name === 'charset' || option.name === 'collate';
  return `${name}=${isName ? option.value : stringText(option.value)}`;
}

function commentText(comment: string): string {
  return comment === '' ? '' : `COMMENT ${stringText(comment)}`;
}

function typeText(type: TypeName): string {
  const arguments_ = type.members.length > 0 ? type.members.map(stringText) : type.lengths;
  return words(
    type.name.toUpperCase() + (arguments_.length > 0 ? `(${arguments_.join(', ')})` : ''),
    type.unsigned && 'UNSIGNED',
    type.zerofill && 'ZEROFILL',
    type.charset !== null && `CHARACTER SET ${type.charset}`,
    type.binary && 'BINARY',
    type.collation !== null && `COLLATE ${type.collation}`,
  );
}

/** A default that is an operator needs the parentheses it was written with. */
function defaultText(printer: Printer, source: SourceExpression): string {
  const { expression } = source;
  const isPlain = expression.kind === 'call' || !source.text.startsWith('(');
  const text = printer.expression(expression);
  return isPlain ? text : `(${text})`;
}

function columnText(printer: Printer, column: ColumnSyntax): string {
  const { generated, references } = column;
  return words(
    nameText(column.name),
    typeText(column.type),
    generated !== null && `AS (${printer.expression(generated.expression)})`,
    generated !== null && (generated.stored ? 'STORED' : 'VIRTUAL'),
    column.nullable !== null && (column.nullable ? 'NULL' : 'NOT NULL'),
    column.default !== null && `DEFAULT ${defaultText(printer, column.default)}`,
    column.onUpdateCurrentTimestamp && 'ON UPDATE CURRENT_TIMESTAMP',
    column.autoIncrement && 'AUTO_INCREMENT',
    column.key !== null && `${column.key.toUpperCase()} KEY`,
    commentText(column.comment),
    ...column.checks.map((check) => checkText(printer, check)),
    references !== null && referencesText(references),
  );
}

function partsText(printer: Printer, parts: readonly IndexPartSyntax[]): string {
  const texts = parts.map((part) => {
    const length = part.kind === 'column' && part.prefixLength !== null;
    const text =
      part.kind === 'expression'
        ? `(${printer.expression(part.expression.expression)})`
        : nameText(part.column) + (length ? `(${part.prefixLength})` : '');
    return words(text, part.descending && 'DESC');
  });
  return `(${texts.join(', ')})`;
}

function indexText(printer: Printer, index: IndexSyntax): string {
  return words(
    index.kind === 'index' ? 'KEY' : `${index.kind.toUpperCase()} KEY`,
    index.name !== null && nameText(index.name),
    partsText(printer, index.parts),
    commentText(index.comment),
  );
}

function referencesText(references: ReferenceClause): string {
  const { onDelete, onUpdate } = references;
  return words(
    `REFERENCES ${tableNameText(references.table)}`,
    references.columns.length > 0 && nameListText(references.columns),
    onDelete !== null && `ON DELETE ${onDelete.toUpperCase()}`,
    onUpdate !== null && `ON UPDATE ${onUpdate.toUpperCase()}`,
  );
}

function foreignKeyText(key: ForeignKeySyntax): string {
  return words(
    key.name !== null && `CONSTRAINT ${nameText(key.name)}`,
    `FOREIGN KEY ${nameListText(key.columns)}`,
    referencesText(key.references),
  );
}

function checkText(printer: Printer, check: CheckSyntax): string {
  return words(
    check.name !== null && `CONSTRAINT ${nameText(check.name)}`,
    `CHECK (${printer.expression(check.expression.expression)})`,
    !check.enforced && 'NOT ENFORCED',
  );
}

function positionText(position: ColumnPosition | null): string {
  if (position === null) return '';
  return position.kind === 'first' ? 'FIRST' : `AFTER ${nameText(position.column)}`;
}

function actionText(printer: Printer, action: AlterAction): string {
  switch (action.kind) {
    case 'addColumn':
      return words('ADD COLUMN', columnText(printer, action.column), positionText(action.position));
    case 'changeColumn':
      return words(
        `CHANGE COLUMN ${nameText(action.name)}`,
        columnText(printer, action.column),
        positionText(action.position),
      );
    case 'setDefault': {
      const change =
        action.default === null
          ? 'DROP DEFAULT'
          : `SET DEFAULT ${defaultText(printer, action.default)}`;
      return `ALTER COLUMN ${nameText(action.column)} ${change}`;
    }
    case 'addIndex':
      return `ADD ${indexText(printer, action.index)}`;
    case 'addForeignKey':
      return `ADD ${foreignKeyText(action.foreignKey)}`;
    case 'addCheck':
      return `ADD ${checkText(printer, action.check)}`;
    case 'convertCharset':
      return words(
        `CONVERT TO CHARACTER SET ${action.charset}`,
        action.collation !== null && `COLLATE ${action.collation}`,
      );
    case 'options':
      return action.options.map(optionText).join(' ');
    case 'hint':
      return action.text;
    case 'rename':
      return `RENAME TO ${tableNameText(action.to)}`;
    default:
      return dropOrRenameText(action);
  }
}

type NamedAction = Extract<
  AlterAction,
  {
    kind:
      | 'dropColumn'
      | 'dropIndex'
      | 'dropPrimaryKey'
      | 'dropForeignKey'
      | 'dropCheck'
      | 'dropConstraint'
      | 'renameColumn'
      | 'renameIndex';
  }
>;

function dropOrRenameText(action: NamedAction): string {
  switch (action.kind) {
    case 'dropColumn':
      return `DROP COLUMN ${nameText(action.column)}`;
    case 'dropIndex':
      return `DROP INDEX ${nameText(action.name)}`;
    case 'dropPrimaryKey':
      return 'DROP PRIMARY KEY';
    case 'dropForeignKey':
      return `DROP FOREIGN KEY ${nameText(action.name)}`;
    case 'dropCheck':
      return `DROP CHECK ${nameText(action.name)}`;
    case 'dropConstraint':
      return `DROP CONSTRAINT ${nameText(action.name)}`;
    case 'renameColumn':
      return `RENAME COLUMN ${nameText(action.from)} TO ${nameText(action.to)}`;
    case 'renameIndex':
      return `RENAME INDEX ${nameText(action.from)} TO ${nameText(action.to)}`;
    default:
      return unreachable(action);
  }
}

function viewText(printer: Printer, view: CreateView): string {
  const { definer } = view;
  const account =
    definer !== null &&
    (definer.current ? 'CURRENT_USER' : `${stringText(definer.user)}@${stringText(definer.host)}`);
  return words(
    view.kind === 'createView' ? 'CREATE' : 'ALTER',
    view.orReplace && 'OR REPLACE',
    view.algorithm !== null && `ALGORITHM = ${view.algorithm.toUpperCase()}`,
    account !== false && `DEFINER = ${account}`,
    view.security !== null && `SQL SECURITY ${view.security.toUpperCase()}`,
    'VIEW',
    view.ifNotExists && 'IF NOT EXISTS',
    tableNameText(view.view),
    view.columns.length > 0 && nameListText(view.columns),
    `AS ${printer.query(view.query)}`,
    view.checkOption !== 'none' && `WITH ${view.checkOption.toUpperCase()} CHECK OPTION`,
  );
}
