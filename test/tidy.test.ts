// The house rules, held by a test: sizes, first lines, imports, doors, banned words.

import test from 'ava';
import { existsSync } from 'node:fs';
import { codeOf, importsOf, readSources, type SourceFile } from './tidy/source-file.ts';

const product = readSources(['aggregator', 'leaf', 'shared', 'cli', 'benchmarks']);
const all = readSources();

/** Files that are one table or one list, which nobody would want cut in two. */
const longFiles: Record<string, string> = {
  'shared/error-table.ts': 'the one table of errors',
  'shared/wire/message.ts': 'the one table of messages',
};

function report(problems: readonly string[]): string {
  return `\n${problems.join('\n')}\n`;
}

test('tidy: a file has at most 400 lines', (t) => {
  const problems = all
    .filter((file) => file.lines.length > 401 && longFiles[file.path] === undefined)
    .map((file) => `${file.path}: ${file.lines.length} lines; cut it in two`);
  t.deepEqual(problems, [], report(problems));
});

test('tidy: a line has at most 100 columns', (t) => {
  const problems = all.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      line.length > 100 && !/https?:\/\//.test(line) && !file.path.includes('/data/')
        ? [`${file.path}:${index + 1}: ${line.length} columns`]
        : [],
    ),
  );
  t.deepEqual(problems, [], report(problems));
});

/** Lines of each function that starts at the beginning of a line or is a method of a class. */
function functionSizes(file: SourceFile): { readonly at: number; readonly size: number }[] {
  const sizes: { at: number; size: number }[] = [];
  const start =
    /^(\s{0,2})(?:export )?(?:async )?(?:function\*? |(?:get |set |async |static |\*|#)*[#\w]+\()/;
  file.lines.forEach((line, index) => {
    const match = start.exec(line);
    if (match === null || /^\s*(if|for|while|switch|return|await|test|strict|scalar)\b/.test(line))
      return;
    const indent = match[1] ?? '';
    const rest = file.lines.slice(index + 1);
    const length = rest.findIndex((end) => end === `${indent}}`) + 1;
    // A signature in an interface has no end of its own: its surroundings end first.
    const outside = rest.findIndex((end) => indent !== '' && end !== '' && !end.startsWith(' '));
    if (outside >= 0 && outside + 1 < length) return;
    if (length > 0) sizes.push({ at: index + 1, size: length + 1 });
  });
  return sizes;
}

test('tidy: a function has at most 70 lines', (t) => {
  const problems = product.flatMap((file) =>
    functionSizes(file)
      .filter(({ size }) => size > 70)
      .map(({ at, size }) => `${file.path}:${at}: ${size} lines`),
  );
  t.deepEqual(problems, [], report(problems));
});

test('tidy: the first line of a file says its responsibility', (t) => {
  const problems = all
    .filter((file) => !/^(#!.*\n)?\/\/ .*\S/.test(file.text))
    .map((file) => `${file.path}: begin with "// " and one sentence`);
  t.deepEqual(problems, [], report(problems));
});

const bannedWords: readonly { word: RegExp; instead: string; except: RegExp }[] = [
  { word: /\bDate\.now\(/, instead: 'clock.ts', except: /^(shared\/clock|test\/|benchmarks\/)/ },
  { word: /\bset(Timeout|Interval)\(/, instead: 'clock.ts', except: /^(shared\/clock|test\/)/ },
  { word: /\bMath\.random\(/, instead: 'clock.ts', except: /^$/ },
  { word: /\bcrypto\.random/, instead: 'clock.ts', except: /^$/ },
  { word: /\bconsole\./, instead: 'logger.ts', except: /^(test|benchmarks|cli)\// },
  {
    word: /\bprocess\.env\b/,
    instead: 'config.ts',
    except: /(config|failpoint)\.ts$|^(test|cli|benchmarks)\//,
  },
  {
    word: /\bthrow new Error\(/,
    instead: 'assert or databaseError',
    except: /^(test|benchmarks|cli)\//,
  },
  { word: /[:<(,|]\s*any\b|\bas any\b/, instead: 'a type', except: /^$/ },
  { word: /\bas unknown as\b/, instead: 'a type', except: /^test\// },
  { word: /[\w)\]]!\./, instead: 'must()', except: /^$/ },
  { word: /^\s*(export )?(const )?enum\b/m, instead: 'a union', except: /^$/ },
  { word: /^\s*(export )?namespace\b/m, instead: 'a file', except: /^$/ },
  { word: /\bexport default\b/, instead: 'a named export', except: /^cli\/commands\// },
  { word: /\bexport \*/, instead: 'named exports', except: /^test\/simulation\/simulated-/ },
  { word: /\)\s*\.(then|catch)\(/, instead: 'await and try', except: /^$/ },
];

test('tidy: banned words have their better ones', (t) => {
  const problems = all.flatMap((file) => {
    const code = codeOf(file.text);
    return bannedWords
      .filter(({ word, except }) => word.test(code) && !except.test(file.path))
      .map(({ word, instead }) => {
        const at = code.slice(0, code.search(word)).split('\n').length;
        return `${file.path}:${at}: ${word.source} is banned; use ${instead}`;
      });
  });
  t.deepEqual(problems, [], report(problems));
});

test('tidy: an open task in a comment names its issue', (t) => {
  const problems = all
    .filter(
      (file) =>
        /\b(TODO|FIXME|XXX)\b(?! ?#\d)/.test(file.text) && file.path !== 'test/tidy.test.ts',
    )
    .map((file) => file.path);
  t.deepEqual(problems, [], report(problems));
});

const doors: Record<string, readonly string[]> = {
  'node:sqlite': ['shared/sqlite-file.ts'],
  '@msgpack/msgpack': ['shared/codec.ts'],
  'consistent-hash': ['aggregator/cluster/placement.ts'],
  mysql2: ['aggregator/replication/primary-client.ts'],
  'mysql2/promise': ['aggregator/replication/primary-client.ts'],
};

test('tidy: a package is imported through its one door', (t) => {
  const problems = product.flatMap((file) =>
    importsOf(file)
      .filter(({ isPackage, target }) => isPackage && doors[target] !== undefined)
      .filter(({ target }) => !(doors[target] ?? []).includes(file.path))
      .filter(() => !/^(cli|benchmarks)\//.test(file.path))
      .map(({ target }) => `${file.path}: ${target} has its door in ${doors[target]?.join()}`),
  );
  t.deepEqual(problems, [], report(problems));
});

test('tidy: an import names a file that is there, without climbing', (t) => {
  const problems = all.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, target, isPackage }) => {
      if (specifier.startsWith('..')) return [`${file.path}: ${specifier} climbs; use #`];
      if (!isPackage && !existsSync(target)) return [`${file.path}: ${specifier} is not there`];
      return [];
    }),
  );
  t.deepEqual(problems, [], report(problems));
});

test('tidy: houses import downwards only', (t) => {
  const allowed: Record<string, readonly string[]> = {
    aggregator: ['aggregator', 'shared'],
    leaf: ['leaf', 'shared'],
    shared: ['shared'],
    cli: ['cli', 'aggregator', 'leaf', 'shared'],
    benchmarks: ['benchmarks', 'shared', 'cli'],
  };
  const problems = product.flatMap((file) => {
    const house = file.path.split('/')[0] ?? '';
    return importsOf(file)
      .filter(
        ({ target, isPackage }) =>
          !isPackage && !allowed[house]?.includes(target.split('/')[0] ?? ''),
      )
      .map(({ specifier }) => `${file.path}: ${specifier}`);
  });
  t.deepEqual(problems, [], report(problems));
});

/** A circle of imports through `path`, as the files on it, or null. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const trail: string[] = [];
  function visit(path: string): string[] | null {
    const at = trail.indexOf(path);
    if (at >= 0) return [...trail.slice(at), path];
    if (done.has(path)) return null;
    trail.push(path);
    for (const target of graph.get(path) ?? []) {
      const circle = visit(target);
      if (circle !== null) return circle;
    }
    trail.pop();
    done.add(path);
    return null;
  }
  for (const path of graph.keys()) {
    const circle = visit(path);
    if (circle !== null) return circle;
  }
  return null;
}

/** Two halves of one grammar: a query holds expressions, and an expression may hold a query. */
const knownCircles = new Set([
  'aggregator/planner/typed-expression.ts>aggregator/planner/resolved-query.ts',
]);

test('tidy: imports make no circle, not even of types', (t) => {
  const graph = new Map(
    product.map((file) => [
      file.path,
      importsOf(file)
        .filter(
          ({ isPackage, target }) => !isPackage && !knownCircles.has(`${file.path}>${target}`),
        )
        .map(({ target }) => target),
    ]),
  );
  const circle = findCircle(graph);
  t.is(circle, null, circle?.join(' → '));
});

test('tidy: the text speaks of the product alone', (t) => {
  const words = /\/work\/|\/tmp\/probe|\bhelper-\d|registry\.npmjs|deb\.debian/;
  const problems = all
    .filter((file) => words.test(file.text) && file.path !== 'test/tidy.test.ts')
    .map((file) => file.path);
  t.deepEqual(problems, [], report(problems));
});
