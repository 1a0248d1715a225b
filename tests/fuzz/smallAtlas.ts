/** An atlas to spoil. Not a test itself. */
import type { Atlas } from '../../src/config/atlas.ts';
import type { Experiment } from '../../src/config/schema.ts';

/** The smallest atlas that there is: one window, one layer, two experts, one token. */
export function smallAtlas(experiment: Experiment): Atlas {
  const zeros = (length: number) => new Array<number>(length).fill(0);
  const unknown = (length: number) => ({
    value: zeros(length),
    standardError: new Array<number>(length).fill(Number.NaN),
  });
  const classes = { names: ['vowel'], tokens: zeros(2), counts: zeros(4), lift: unknown(4) };
  return {
    ...{ format: 'sdlm-atlas', version: 1, created: '', text: '', seed: 1, tokens: 8, layers: [0], experts: 2 },
    model: { weights: '0', experiment, vocabulary: ['a', '_'] },
    windows: { masks: [3], of: [8], texts: ['a'] },
    measures: [{ name: 'load', about: '', ...unknown(2) }],
    byLayer: [
      {
        ...{ layer: 0, asked: 8, dropped: 0, maxVio: 0, variation: 0, entropy: 1 },
        ...{ expertsPerToken: [0, 8, 0], pairs: [4, 0, 0, 4], flow: null, unique: unknown(10) },
        repeats: { pairs: 7, repeats: 3, tops: [4, 4] },
        specialisation: { read: 1, target: 1, predicted: 1 },
      },
    ],
    cube: { windows: zeros(10), tokens: zeros(20), counts: zeros(40) },
    ...{ characters: classes, words: classes },
    tokenRoles: [{ role: 'read', tokens: 8, held: [4, 4], ids: [0], occurrences: [8], counts: [4, 4] }],
    domains: [{ name: 'party', values: ['x'], windows: [1], tokens: [8], counts: [4, 4], share: unknown(2) }],
    topWindows: { window: [0, -1, -1, 0, -1, -1], tokens: [4, 0, 0, 4, 0, 0] },
    notes: [],
  };
}
