// GUARANTEES.md: every file that it names is there, and has the test that it names.

import test from 'ava';
import { existsSync, readFileSync } from 'node:fs';

/** A test as the page names it: its title, or what that begins with, where it is made of parts. */
interface Named {
  readonly file: string;
  readonly title: string;
}

/** What each row of the tables with a promise and what shows it names. */
function namedTests(page: string): Named[] {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && line !== '| promise | shown by |')
    .map((line) => line.slice(2, -2).split(' | '))
    .filter((cells) => cells.length === 2);
  return rows.flatMap(([promise = '', shownBy = '']) =>
    shownBy.split('<br>').map((entry) => {
      const [, file = '', title = ''] = /^`(test\/[^`]+)`: (.+)$/.exec(entry) ?? [];
      return { file, title: title === '' ? `${promise} | ${entry}` : title };
    }),
  );
}

test('guarantees: each names a test that is there', (t) => {
  const named = namedTests(readFileSync('test/GUARANTEES.md', 'utf8'));
  t.true(named.length > 100, `only ${named.length} tests are named`);
  const problems = named.flatMap(({ file, title }) => {
    if (!existsSync(file)) return [`no file ${file}: ${title}`];
    const text = readFileSync(file, 'utf8').replaceAll("\\'", "'");
    return text.includes(title) ? [] : [`${file} has no test '${title}'`];
  });
  t.deepEqual(problems, [], problems.join('\n'));
});
