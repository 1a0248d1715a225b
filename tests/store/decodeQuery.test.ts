/** The decoder in the address: what is written comes back, and what cannot be used is named. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decoderNames, decodeSettings } from '../../src/config/decoders.ts';
import { decodeDifferences } from '../../src/config/decodeSettings.ts';
import { readDecodeQuery, writeDecodeQuery } from '../../src/store/decodeQuery.ts';
import { readQuery } from '../../src/store/url.ts';

test('brings every decoder back with what was changed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...decoderNames),
      fc.integer({ min: 0, max: 99 }),
      fc.constantFrom(0, 0.25, 1),
      (decoder, seed, tau) => {
        const settings = decodeSettings(decoder, { 'decode.seed': seed, 'decode.tau': tau, 'decode.steps': 7 });
        const changes = decodeDifferences(settings, decodeSettings(decoder));
        const query = `?${new URLSearchParams(writeDecodeQuery(decoder, changes))}`;
        expect(readDecodeQuery(query)).toEqual({ decoder, changes, problems: [] });
        expect(readQuery(query).problems).toEqual([]);
      },
    ),
  );
});

test('takes a budget with what it needs, and leaves out with a sentence what does not fit', () => {
  expect(readDecodeQuery('?preset=dense&decode.budget=threshold&decode.tau=0.9&model.layers=3')).toEqual({
    decoder: null,
    // 0.9 is what it is anyhow.
    changes: { 'decode.budget': 'threshold' },
    problems: [],
  });
  expect(readDecodeQuery('')).toEqual({ decoder: null, changes: {}, problems: [] });
  const { decoder, changes, problems } = readDecodeQuery('?decoder=magic&decode.tau=2&decode.steps=8&decode.foo=1');
  expect({ decoder, changes }).toEqual({ decoder: null, changes: { 'decode.steps': 8 } });
  expect(problems).toHaveLength(3);
  expect(problems.join('\n')).toMatch(/decoder: expected one of .*"magic". It is left out/);
  expect(problems.join('\n')).toMatch(/decode\.tau: expected a number from 0 to 1, got "2". It is left out/);
  expect(readDecodeQuery('?decoder=margin&decode.tau=0.5').problems).toEqual([
    'decode.tau: expected none with this decoder, which does not read it, got a value. It is left out.',
  ]);
});
