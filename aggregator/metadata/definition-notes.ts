// What a definition did otherwise than it was asked, kept for SHOW WARNINGS.

import type { CollationAlias } from '#shared/sql/collation.ts';
import type { Collation } from '#shared/sql/column-type.ts';

/** Collects the warnings of one definition, each sentence once. */
export class DefinitionNotes {
  readonly #sentences = new Set<string>();

  warn(sentence: string): void {
    this.#sentences.add(sentence);
  }

  /** The collation that `asked` stands for; one that only comes near is noted. */
  collation(asked: string, alias: CollationAlias): Collation {
    if (!alias.exact) this.warn(`'${asked}' compares and sorts as ${alias.collation}`);
    return alias.collation;
  }

  get sentences(): readonly string[] {
    return [...this.#sentences];
  }
}
