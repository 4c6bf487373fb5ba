// The one number by which a task says which schema it was planned for: whose, and which version.
//
// Versions count from 0 in each database, so a database that was dropped and made again would come
// to a version that another of that name has had. So each is given an incarnation by its cluster.

/** Definitions of one database. */
const versionsMax = 2 ** 24;

/** A database as far as its schema is meant. */
export interface VersionedSchema {
  /** Which of the databases of this cluster that have borne the name. Absent: 0. */
  readonly incarnation?: number;
  readonly catalogVersion: number;
}

/** A safe integer; of incarnation 0 the version itself. */
export function planVersion({ incarnation = 0, catalogVersion }: VersionedSchema): number {
  return incarnation * versionsMax + catalogVersion;
}

/** The version alone. */
export function catalogVersionOf(plan: number): number {
  return plan % versionsMax;
}
