// Medians, percentiles and spreads of what was measured, and a histogram of latencies.

/** The median; of an even count, the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a fraction of the values lies, between neighbours by proportion. */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** How far the values lie apart: the range of their middle half, as a part of the median. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

/** A spread of paired ratios above this says that the run was too noisy to conclude from. */
export const SPREAD_MAX = 0.25;

/** Each bucket of a histogram is this much wider than the one before. */
const BUCKET_GROWTH = 1.02;

/** Latencies in buckets of 2 %, so that those of several processes can be added. */
export class LatencyHistogram {
  #counts = new Map<number, number>();
  #count = 0;

  /** Adds one latency in microseconds, or `count` of them. */
  add(microseconds: number, count = 1): void {
    const bucket = Math.round(Math.log(Math.max(1, microseconds)) / Math.log(BUCKET_GROWTH));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += count;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds what another one, perhaps of another process, has counted. */
  merge(buckets: readonly (readonly [number, number])[]): void {
    for (const [bucket, count] of buckets) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
      this.#count += count;
    }
  }

  /** Bucket and count, for a message to another process. */
  buckets(): [number, number][] {
    return [...this.#counts];
  }

  /** The latency in microseconds below which a fraction lies, exact to a bucket. NaN of none. */
  percentile(fraction: number): number {
    let remaining = Math.ceil(this.#count * fraction);
    for (const [bucket, count] of this.buckets().sort(([a], [b]) => a - b)) {
      remaining -= count;
      if (remaining <= 0) return BUCKET_GROWTH ** bucket;
    }
    return NaN;
  }
}
