/** Routing statistics (SCIENCE 6). Load is what experts are asked for, as the router decided before any drop. */

/** MaxVio = (max - mean) / mean of the tokens per expert; 0 for a perfect balance. */
export function maxViolation(load: ArrayLike<number>): number {
  const values = Array.from(load);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > 0 ? (Math.max(...values) - mean) / mean : 0;
}

/** What the routers of one step did. */
export interface RouterStatistics {
  /** (layers with experts, E) routes that ask for each expert, dropped ones included. */
  readonly load: Float32Array;
  /** MaxVio per layer with experts: (max - mean) / mean of the load. */
  readonly maxVio: Float32Array;
  /** Share of the routes dropped, per layer with experts; empty where experts hold all that ask for them. */
  readonly dropRate: Float32Array;
}

/**
 * From where each expert's routes begin, (E + 1) per layer with experts, and where its slots begin after the drop;
 * `held` is empty where nothing can be dropped.
 */
export function routerStatistics(
  asked: readonly ArrayLike<number>[],
  held: readonly ArrayLike<number>[],
): RouterStatistics {
  const loads = asked.map((starts) =>
    Array.from(starts)
      .map((start, e) => start - starts[e - 1])
      .slice(1),
  );
  const last = (starts: ArrayLike<number>) => starts[starts.length - 1];
  return {
    load: Float32Array.from(loads.flat()),
    maxVio: Float32Array.from(loads, maxViolation),
    dropRate: Float32Array.from(held, (starts, layer) => 1 - last(starts) / last(asked[layer])),
  };
}
