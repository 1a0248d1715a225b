/** Colours that carry data: readable ink on every one, neighbours apart, the scale's ends where they belong. */
import { describe, expect, it } from 'vitest';
import { expertColour, inkOn, viridis, viridisTable } from '../../src/ui/colours.ts';

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
    expect(viridisTable).toHaveLength(768);
  });

  it('takes the nearest end outside the scale', () => {
    expect(viridis(-1)).toBe(viridis(0));
    expect(viridis(7)).toBe(viridis(1));
    expect(viridis(Number.NaN)).toBe(viridis(0));
  });
});
