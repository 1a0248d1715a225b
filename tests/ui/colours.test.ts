/** Colours that carry data: readable ink on every one, neighbours apart, the scale's ends where they belong. */
import { describe, expect, it } from 'vitest';
import { expertColour, inkOn, lineColours, lineStyle, viridis, viridisPixels } from '../../src/ui/colours.ts';

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function linear(colour: string): number[] {
  return [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
}

const times = (matrix: readonly (readonly number[])[], vector: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));

/** OKLab of linear sRGB (Ottosson 2020). */
function oklab(rgb: readonly number[]): number[] {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb.map((channel) => Math.min(1, Math.max(0, channel))),
  );
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms.map(Math.cbrt),
  );
}

/** What people with full protanopia, deuteranopia and tritanopia see (Machado et al. 2009), in linear sRGB. */
const sights = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

describe('lines of compared runs', () => {
  const grounds = { light: '#ffffff', dark: '#1c1e22' };
  it.each(['light', 'dark'] as const)('stand out from the ground and from each other in %s', (scheme) => {
    const colours = lineColours[scheme];
    for (const colour of colours) {
      expect(contrast(colour, grounds[scheme]), colour).toBeGreaterThanOrEqual(3);
      for (const other of colours.filter((candidate) => candidate < colour)) {
        for (const [sight, matrix] of Object.entries(sights)) {
          const [a, b] = [colour, other].map((hex) => oklab(times(matrix, linear(hex))));
          const distance = Math.hypot(...a.map((value, i) => value - b[i]));
          expect(distance, `${colour} and ${other} with ${sight}`).toBeGreaterThanOrEqual(0.09);
        }
      }
    }
  });

  it('are told apart by dashes when the colours come round', () => {
    const styles = Array.from({ length: 32 }, (_, slot) => JSON.stringify(lineStyle(slot)));
    expect(new Set(styles).size).toBe(32);
    expect(lineStyle(9)).toEqual({ colour: 'var(--line-1)', dash: '7 4' });
  });
});

describe('colours', () => {
  it('gives 64 experts 64 colours, each with ink of at least 4.5:1', () => {
    const colours = Array.from({ length: 64 }, (_, expert) => expertColour(expert));
    expect(new Set(colours).size).toBe(64);
    for (const colour of colours) expect(contrast(colour, inkOn(colour)), colour).toBeGreaterThanOrEqual(4.5);
  });

  it('rises in lightness along viridis, with readable ink all the way', () => {
    for (let i = 1; i <= 20; i += 1) {
      expect(luminance(viridis(i / 20))).toBeGreaterThan(luminance(viridis((i - 1) / 20)));
    }
    for (let i = 0; i <= 255; i += 1) {
      expect(contrast(viridis(i / 255), inkOn(viridis(i / 255)))).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('paints as many opaque pixels as values, in the colours of the scale', () => {
    const pixels = viridisPixels([0, 3, 99, Number.NaN], 4);
    const colours = [0, 1, 2, 3].map((i) => `rgb(${pixels.slice(i * 4, i * 4 + 3).join(', ')})`);
    const rgb = (hex: string) => `rgb(${[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(', ')})`;
    expect(colours).toEqual([0, 0.75, 1, 0].map((share) => rgb(viridis(share))));
    expect([3, 7, 11, 15].map((at) => pixels[at])).toEqual([255, 255, 255, 255]);
  });

  it('takes the nearest end outside the scale', () => {
    expect(viridis(-1)).toBe(viridis(0));
    expect(viridis(7)).toBe(viridis(1));
    expect(viridis(Number.NaN)).toBe(viridis(0));
  });
});
