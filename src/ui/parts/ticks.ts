/**
 * Round numbers for axes. Pure functions that take any numbers: bounds come out finite and apart, marks finite, in
 * increasing order and few, whatever went in.
 */

/** Most marks of an axis, as a multiple of those asked for. */
const mostMarks = 4;

/** The least of a few round numbers that is not below `value`: an axis that ends there seldom has to change. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  if (value > Number.MAX_VALUE / 10) return Number.MAX_VALUE;
  const scale = powerBelow(value);
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return scale * (steps.find((step) => step * scale >= value) ?? 10);
}

/** The power of ten at or below a positive number; the least normal number where there is none. */
function powerBelow(value: number): number {
  return Math.max(10 ** Math.floor(Math.log10(value)), 1e-307);
}

/** A round step that divides a stretch into about `count` parts. */
function roundStep(stretch: number, count: number): number {
  const rough = stretch / count;
  const scale = powerBelow(rough);
  return scale * ([1, 2, 2.5, 5, 10].find((candidate) => candidate * scale >= rough * 0.999) ?? 10);
}

/** Multiples of a round step between two bounds, about `count` of them. */
export function ticksOf(low: number, high: number, count: number): number[] {
  if (!isStretch(low, high)) return [low].filter(Number.isFinite);
  const step = roundStep(high - low, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const places = Math.min(Math.max(0, last - first + 1), mostMarks * count);
  const ticks = Array.from({ length: places }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  // Far from 0, numbers are too coarse for a short stretch: its ends are marked.
  const hair = (high - low) * 1e-6;
  return isIncreasing(ticks) && ticks.every((tick) => tick >= low - hair && tick <= high + hair) && ticks.length > 0
    ? ticks
    : [low, high];
}

/** Finite, and far enough apart to be divided. */
function isStretch(low: number, high: number): boolean {
  return Number.isFinite(high - low) && high - low > 1e-300;
}

function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > values[i - 1]);
}

/** Decimals (at most 6) that write every mark in full: 3 for 3.95, 3.975, 4. */
export function digitsOf(ticks: readonly number[]): number {
  return [0, 1, 2, 3, 4, 5].find((count) => ticks.every((tick) => isFull(tick, count))) ?? 6;
}

function isFull(tick: number, count: number): boolean {
  return Math.abs(Number(tick.toFixed(count)) - tick) <= Math.abs(tick) * 1e-9;
}

/** Marks of a logarithmic axis: powers of ten; 1, 2, 5 where those are few; equal distances on a short stretch. */
export function logTicksOf(low: number, high: number, count: number): number[] {
  if (!(low > 0)) return [high].filter((bound) => Number.isFinite(bound) && bound > 0);
  if (!isStretch(low, high)) return [low].filter(Number.isFinite);
  const within = (ticks: number[]) =>
    ticks.filter((tick) => Number.isFinite(tick) && tick >= low * 0.999999 && tick <= high * 1.000001);
  const from = Math.floor(Math.log10(low));
  const length = Math.max(0, Math.ceil(Math.log10(high)) - from + 1);
  const powers = Array.from({ length }, (_, i) => 10 ** (from + i)).filter((power) => power > 0);
  const decades = within(powers);
  const every = Math.ceil(decades.length / (mostMarks * count));
  if (decades.length >= 3) return decades.filter((_, i) => i % every === 0);
  const finer = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  return finer.length >= 3 && isIncreasing(finer) ? finer : ticksOf(low, high, count);
}

/** Bounds of a logarithmic axis around positive values, at 1, 2 or 5 times a power of ten; never equal. */
export function logBounds(low: number, high: number): [number, number] {
  if (!(low > 1e-299 && low <= high && high < 1e299)) return soundBounds(low, high, true);
  const around = (value: number) => {
    const scale = powerBelow(value);
    return [0.5, 1, 2, 5, 10].map((step) => Number((step * scale).toPrecision(12)));
  };
  const bottom = around(low).findLast((step) => step <= low) ?? low;
  const top = around(high).find((step) => step >= high && step > bottom) ?? 2 * high;
  return soundBounds(bottom, top, true);
}

/** Bounds at round numbers around values; at least one step apart. */
export function roundBounds(low: number, high: number, count = 5): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return soundBounds(low, high, false);
  const step = roundStep(high > low ? high - low : Math.max(Math.abs(high), 1) / 10, count);
  const bottom = Math.floor(low / step + 1e-9) * step;
  const top = Math.ceil(high / step - 1e-9) * step;
  const rounded = [
    Number(bottom.toPrecision(12)),
    Number((top > bottom ? top : bottom + step).toPrecision(12)),
  ] as const;
  const hair = step * 1e-3;
  const isAround = rounded[0] <= low + hair && rounded[1] >= high - hair;
  return isAround ? soundBounds(...rounded, false) : soundBounds(low, high, false);
}

/**
 * Bounds that an axis can be drawn between: finite, apart, and above 0 on a logarithmic axis. Those that are so already
 * come back as they are; others give way to the nearest that are.
 */
export function soundBounds(low: number, high: number, isLog: boolean): [number, number] {
  const [least, most] = isLog ? [1e-300, 1e300] : [-1e300, 1e300];
  const within = (value: number, otherwise: number) =>
    Number.isNaN(value) ? otherwise : Math.min(most, Math.max(least, value));
  const bottom = within(low, isLog ? Math.min(1, within(high, 1)) : Math.min(0, within(high, 0)));
  const top = within(high, bottom);
  // Less apart than this, and there are no numbers between them to mark.
  const gap = Math.abs(bottom) * 1e-9 + (isLog ? 0 : 1e-290);
  if (top - bottom > gap) return [bottom, top];
  if (isLog) return bottom > 1e299 ? [bottom / 10, bottom] : [bottom, bottom * 10];
  const reach = Math.max(1, Math.abs(bottom) / 10);
  return bottom + reach <= most ? [bottom, bottom + reach] : [bottom - reach, bottom];
}
