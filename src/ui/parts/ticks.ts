/** Round numbers for axes. Pure functions. */

/** The least of a few round numbers that is not below `value`: an axis that ends there seldom has to change. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const scale = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return scale * (steps.find((step) => step * scale >= value) ?? 10);
}

/** A round step that divides a stretch into about `count` parts. */
function roundStep(stretch: number, count: number): number {
  const rough = stretch / count;
  const scale = 10 ** Math.floor(Math.log10(rough));
  return scale * ([1, 2, 2.5, 5, 10].find((candidate) => candidate * scale >= rough * 0.999) ?? 10);
}

/** Multiples of a round step between two bounds, about `count` of them. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const step = roundStep(high - low, count);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** Decimals (at most 6) that write every mark in full: 3 for 3.95, 3.975, 4. */
export function digitsOf(ticks: readonly number[]): number {
  const isFull = (tick: number, count: number) => Math.abs(Number(tick.toFixed(count)) - tick) <= Math.abs(tick) * 1e-9;
  return [0, 1, 2, 3, 4, 5].find((count) => ticks.every((tick) => isFull(tick, count))) ?? 6;
}

/** Marks of a logarithmic axis: powers of ten; 1, 2, 5 where those are few; equal distances on a short stretch. */
export function logTicksOf(low: number, high: number, count: number): number[] {
  const within = (ticks: number[]) => ticks.filter((tick) => tick >= low * 0.999999 && tick <= high * 1.000001);
  const from = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, i) => 10 ** (from + i));
  const decades = within(powers);
  if (decades.length >= 3) return decades;
  const finer = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  return finer.length >= 3 ? finer : ticksOf(low, high, count);
}

/** Bounds of a logarithmic axis around positive values, at 1, 2 or 5 times a power of ten; never equal. */
export function logBounds(low: number, high: number): [number, number] {
  const around = (value: number) => {
    const scale = 10 ** Math.floor(Math.log10(value));
    return [0.5, 1, 2, 5, 10].map((step) => Number((step * scale).toPrecision(12)));
  };
  const bottom = around(low).findLast((step) => step <= low) ?? low;
  const top = around(high).find((step) => step >= high && step > bottom) ?? 2 * high;
  return [bottom, top];
}

/** Bounds at round numbers around values; at least one step apart. */
export function roundBounds(low: number, high: number, count = 5): [number, number] {
  const step = roundStep(high > low ? high - low : Math.max(Math.abs(high), 1) / 10, count);
  const bottom = Math.floor(low / step + 1e-9) * step;
  const top = Math.ceil(high / step - 1e-9) * step;
  return [Number(bottom.toPrecision(12)), Number((top > bottom ? top : bottom + step).toPrecision(12))];
}
