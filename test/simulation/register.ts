// Puts the simulated disk, timers and threads in the place of Node's own, in the product's files
// alone. To be loaded before them: node --import ./test/simulation/register.ts.

import { registerHooks } from 'node:module';

const product = ['aggregator/', 'leaf/', 'shared/'].map(
  (folder) => new URL(`../../${folder}`, import.meta.url).href,
);

const standIns: Readonly<Record<string, string>> = {
  'node:fs': 'simulated-fs.ts',
  'node:fs/promises': 'simulated-fs-promises.ts',
  'node:sqlite': 'simulated-sqlite.ts',
  'node:timers/promises': 'simulated-timers.ts',
  'node:zlib': 'simulated-zlib.ts',
};

/** The one file that speaks to another cluster by MySQL. */
function clientOf(specifier: string): string | undefined {
  return specifier.endsWith('/primary-client.ts') ? 'simulated-primary-client.ts' : undefined;
}

registerHooks({
  resolve(specifier, context, next) {
    const standIn = standIns[specifier] ?? clientOf(specifier);
    const isProduct = product.some((folder) => context.parentURL?.startsWith(folder) === true);
    if (standIn === undefined || !isProduct) return next(specifier, context);
    return { url: new URL(standIn, import.meta.url).href, shortCircuit: true };
  },
});
