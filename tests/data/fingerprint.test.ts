/** The fingerprint of a text: the same for the same tokens, another for any other. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../../src/data/fingerprint.ts';

test('is FNV-1a over the little-endian bytes of length and words', () => {
  // Of the bytes 01 00 00 00 61 00 00 00, by the definition with 64-bit numbers.
  let hash = 0x811c9dc5n;
  for (const byte of [1n, 0n, 0n, 0n, 0x61n, 0n, 0n, 0n]) hash = ((hash ^ byte) * 0x01000193n) & 0xffffffffn;
  expect(fingerprintOf([Uint32Array.of(0x61)])).toBe(hash.toString(16).padStart(8, '0'));
});

test('changes with any token, and where one side ends and the other begins', () => {
  fc.assert(
    fc.property(
      fc.uint32Array({ minLength: 2 }),
      fc.nat(),
      fc.integer({ min: 1, max: 0xffff }),
      (tokens, at, change) => {
        const other = tokens.slice();
        other[at % tokens.length] ^= change;
        expect(fingerprintOf([other])).not.toBe(fingerprintOf([tokens]));
        expect(fingerprintOf([tokens.subarray(0, 1), tokens.subarray(1)])).not.toBe(
          fingerprintOf([tokens.subarray(0, 2), tokens.subarray(2)]),
        );
        expect(fingerprintOf([tokens.slice()])).toBe(fingerprintOf([tokens]));
      },
    ),
    { seed: 7 },
  );
});
