/**
 * The colours that carry data, the same in every view: viridis for magnitudes, one palette for experts. Both survive
 * the common colour blindnesses, and every view prints the value or the expert's number as well.
 */

type Rgb = readonly [number, number, number];

/** Viridis at equal distances (matplotlib's colour map, public domain); values between are interpolated. */
const viridisAnchors: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** 256 colours, RGB bytes in a row. */
const viridisTable: Uint8ClampedArray = buildViridis();

function buildViridis(): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256 * 3);
  const last = viridisAnchors.length - 1;
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * last;
    const from = Math.min(Math.floor(at), last - 1);
    for (let channel = 0; channel < 3; channel += 1) {
      const a = viridisAnchors[from][channel];
      const b = viridisAnchors[from + 1][channel];
      table[i * 3 + channel] = Math.round(a + (b - a) * (at - from));
    }
  }
  return table;
}

/** Index into the table for a share from 0 to 1; what lies outside takes the end. */
function viridisIndex(share: number): number {
  return Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * 255);
}

/** The pixels of values from 0 to `top` through viridis: four bytes each, opaque. */
export function viridisPixels(values: ArrayLike<number>, top: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4).fill(255);
  for (let i = 0; i < values.length; i += 1) {
    const colour = viridisIndex(values[i] / top) * 3;
    pixels.set(viridisTable.subarray(colour, colour + 3), i * 4);
  }
  return pixels;
}

/** Viridis as a CSS colour, for a share from 0 to 1. */
export function viridis(share: number): string {
  const i = viridisIndex(share) * 3;
  return hex([viridisTable[i], viridisTable[i + 1], viridisTable[i + 2]]);
}

/** Nine muted hues, light and dark in turn, that stay apart under colour blindness and on both grounds of the page. */
const expertHues: readonly Rgb[] = [
  [90, 79, 207],
  [221, 204, 119],
  [17, 119, 51],
  [204, 102, 119],
  [136, 204, 238],
  [170, 51, 106],
  [68, 170, 153],
  [153, 153, 51],
  [140, 109, 70],
];

/** Later rounds through the hues are lighter or darker: share of white (positive) or black (negative) mixed in. */
const expertRounds = [0, 0.45, -0.4, 0.7, -0.65, 0.25, -0.2, 0.85] as const;

/** The colour of an expert. Beyond nine experts read the printed number with it. */
export function expertColour(expert: number): string {
  const hue = expertHues[expert % expertHues.length];
  const mix = expertRounds[Math.floor(expert / expertHues.length) % expertRounds.length];
  const end = mix > 0 ? 255 : 0;
  return hex(hue.map((channel) => Math.round(channel + (end - channel) * Math.abs(mix))) as unknown as Rgb);
}

/** Black or white, whichever reads better on a `#rrggbb` ground (WCAG relative luminance). */
export function inkOn(ground: string): string {
  const channels = [1, 3, 5].map((at) => {
    const share = Number.parseInt(ground.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
  // Equal contrast with both inks at sqrt(1.05 * 0.05) - 0.05.
  return luminance > 0.179 ? '#000000' : '#ffffff';
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Lines of compared runs: eight hues, found by search so that any two stay apart under the common colour blindnesses
 * (at least 0.09 in OKLab) with at least 3:1 contrast to the ground of a panel. One set per scheme, in the same order.
 */
export const lineColours = {
  light: ['#434582', '#b84412', '#04785d', '#d863a0', '#0aa0d2', '#79371e', '#7a3dc5', '#aa8f44'],
  dark: ['#1866e0', '#e7792f', '#21b58f', '#9e5f8a', '#44d4fb', '#b93f31', '#a888e0', '#ced183'],
} as const;

/** Rounds through the colours, told apart by dashes. */
const lineDashes = [undefined, '7 4', '2 3', '10 3 2 3'] as const;

/** How the line in a slot is drawn: a colour of the theme, and dashes from the second round on. */
export function lineStyle(slot: number): { colour: string; dash: string | undefined } {
  const rounds = lineColours.light.length;
  return { colour: `var(--line-${slot % rounds})`, dash: lineDashes[Math.floor(slot / rounds) % lineDashes.length] };
}
