// All workloads that drivers can run, by name.

import type { Workload } from './driver/workload.ts';
import { insert100 } from './writes/insert-100.ts';
import { insertRow } from './writes/insert-row.ts';
import { transfer } from './writes/transfer.ts';
import { updateKey } from './writes/update-key.ts';

export const workloads: readonly Workload[] = [insertRow, updateKey, insert100, transfer];

/** Throws for an unknown name. */
export function findWorkload(name: string): Workload {
  const workload = workloads.find((each) => each.name === name);
  if (workload === undefined) throw new Error(`there is no workload ${name}`);
  return workload;
}
