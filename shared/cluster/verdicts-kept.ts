// How many verdicts a partition keeps in any case: leaves and aggregators must agree on it.

/**
 * The newest verdicts, which no partition forgets: a promotion asks for them, where the log of one
 * partition begins later than another's. A primary keeps every older one, too, until it is told
 * that nobody is in doubt about it.
 */
export const VERDICTS_KEPT = 20_000;
