// Every statement of the corpus prints to a text that parses to the same tree.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { defaultParserOptions, parseStatements } from '#aggregator/parser/parser.ts';
import { readCorpus, withoutPositions } from './corpus.ts';
import { printStatement, type PrintableStatement } from './print-statement.ts';

for (const name of ['queries', 'changes', 'definitions']) {
  for (const text of readCorpus(name)) {
    test(`print: ${text.slice(0, 120)}`, (t) => {
      const { statement } = must(parseStatements(text)[0]);
      const printed = printStatement(statement as PrintableStatement);
      const again = must(parseStatements(printed, defaultParserOptions)[0]);
      t.deepEqual(withoutPositions(again.statement), withoutPositions(statement), printed);
    });
  }
}
