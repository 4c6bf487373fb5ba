// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the traits of SET TRANSACTION.

import type { SetItem, TransactionStatement } from './ast-administration.ts';
import type { TokenReader } from './token-reader.ts';

type Traits = Pick<Extract<SetItem, { kind: 'transaction' }>, 'isolation' | 'readOnly'>;

/** BEGIN [WORK], START TRANSACTION [traits]. */
export function parseBegin(reader: TokenReader): TransactionStatement {
  const { at } = reader;
  const node = { kind: 'begin', at } as const;
  if (reader.acceptWord('begin')) {
    reader.acceptWord('work');
    return { ...node, readOnly: null, consistentSnapshot: false };
  }
  reader.expectWord('start');
  if (['slave', 'replica', 'group_replication'].includes(reader.lexer.keyword)) {
    throw reader.unsupported('START REPLICA');
  }
  reader.expectWord('transaction');
  let readOnly: boolean | null = null;
  let consistentSnapshot = false;
  if (reader.isEnd()) return { ...node, readOnly, consistentSnapshot };
  do {
    if (reader.acceptWords('with consistent snapshot')) consistentSnapshot = true;
    else {
      reader.expectWord('read');
      readOnly = reader.expectOneOf(['only', 'write'] as const) === 'only';
    }
  } while (reader.acceptOperator(','));
  return { ...node, readOnly, consistentSnapshot };
}

/** COMMIT or ROLLBACK, which is the current token. */
export function parseEnd(reader: TokenReader): TransactionStatement {
  const { at } = reader;
  const kind = reader.expectOneOf(['commit', 'rollback'] as const);
  reader.acceptWord('work');
  if (kind === 'rollback' && reader.acceptWord('to')) {
    reader.acceptWord('savepoint');
    return { kind: 'rollbackToSavepoint', at, name: reader.name() };
  }
  let chain = false;
  if (reader.acceptWord('and')) {
    chain = !reader.acceptWord('no');
    reader.expectWord('chain');
  }
  const isKept = reader.acceptWord('no');
  const release = !chain && !isKept && reader.acceptWord('release');
  if (isKept) reader.expectWord('release');
  return { kind, at, chain, release };
}

/** SAVEPOINT name, RELEASE SAVEPOINT name. */
export function parseSavepoint(reader: TokenReader): TransactionStatement {
  const { at } = reader;
  const release = reader.acceptWord('release');
  reader.expectWord('savepoint');
  return { kind: release ? 'releaseSavepoint' : 'savepoint', at, name: reader.name() };
}

/** ISOLATION LEVEL …, READ ONLY, READ WRITE. */
export function parseTransactionTraits(reader: TokenReader): Traits {
  let isolation: Traits['isolation'] = null;
  let readOnly: boolean | null = null;
  do {
    if (reader.acceptWord('isolation')) {
      reader.expectWord('level');
      isolation = parseIsolation(reader);
    } else {
      reader.expectWord('read');
      readOnly = reader.expectOneOf(['only', 'write'] as const) === 'only';
    }
  } while (reader.acceptOperator(','));
  return { isolation, readOnly };
}

function parseIsolation(reader: TokenReader): NonNullable<Traits['isolation']> {
  if (reader.acceptWord('serializable')) return 'SERIALIZABLE';
  if (reader.acceptWord('repeatable')) {
    reader.expectWord('read');
    return 'REPEATABLE-READ';
  }
  reader.expectWord('read');
  const word = reader.expectOneOf(['committed', 'uncommitted'] as const);
  return word === 'committed' ? 'READ-COMMITTED' : 'READ-UNCOMMITTED';
}
