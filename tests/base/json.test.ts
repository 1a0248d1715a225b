/** JSON from anywhere: what is sound comes back as the language reads it, what is not is one sentence. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, named, shown } from '../../src/base/errors.ts';
import { parseJson } from '../../src/base/json.ts';

const sentenceOf = (text: string): string => {
  try {
    parseJson(text, 'a.json');
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as Error).message;
  }
  return 'nothing wrong';
};

describe('reading', () => {
  test('gives what the language gives, whatever stands in keys and strings', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary', maxDepth: 6 }), (text) => {
        expect(parseJson(text, 'a.json')).toEqual(JSON.parse(text));
      }),
    );
    const odd = '{"a{\\"[": "}]{,\\\\", "b": ["a", "a", {"a": 1}, {"a": 2}], "__proto__": {"b": [[]]}}';
    expect(parseJson(odd, 'a.json')).toEqual(JSON.parse(odd));
  });

  test('refuses what the language refuses, and nothing else beside depth and keys', () => {
    const fragment = fc.constantFrom('{', '}', '[', ']', ':', ',', '"a"', '"', '\\', '\\u0061', '1', 'null', ' ', '\n');
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join('');
        const sentence = sentenceOf(text);
        expect(sentence).not.toMatch(/[\n\r]/);
        let isSound = true;
        try {
          JSON.parse(text);
        } catch {
          isSound = false;
        }
        if (!isSound) expect(sentence).toMatch(/^a\.json: expected JSON/);
        else if (sentence !== 'nothing wrong') expect(sentence).toContain('each key once');
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['{"a": 1, "b": {"a": 2}, "a": 3}', 'a.json: expected JSON with each key once, got "a" again at character 25'],
    ['{"a": 1, "\\u0061": 3}', 'a.json: expected JSON with each key once, got "a" again at character 10'],
    ['[{"k": [1, 2], "k": 0}]', 'a.json: expected JSON with each key once, got "k" again at character 16'],
    ['', /^a\.json: expected JSON, got /],
    ['{"a":\n1,}', /^a\.json: expected JSON, got [^\n]*$/],
  ])('refuses %s', (text, sentence) => {
    expect(sentenceOf(text)).toMatch(sentence);
  });

  test.each(['[', '{"a":'])('refuses %s without end, at any length, in a moment', (opening) => {
    const start = performance.now();
    for (const depth of [65, 1e3, 1e5, 1e6]) {
      const sentence = `a.json: expected JSON nested at most 64 deep, got more at character ${64 * opening.length + 1}`;
      expect(sentenceOf(opening.repeat(depth))).toBe(sentence);
      expect(sentenceOf(`${opening.repeat(depth)}1${(opening === '[' ? ']' : '}').repeat(depth)}`)).toBe(sentence);
    }
    expect(sentenceOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('nothing wrong');
    // Generous: it takes about 10 ms.
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('a value in a sentence', () => {
  test('is its JSON, cut after 60 characters, however large or deep it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        // Control characters beyond those of JSON are named.
        fc.pre(typeof value !== 'number');
        const whole = JSON.stringify(value);
        fc.pre(!/[\u007f-\u009f\u200e-\u202e\u2066-\u2069\ufeff]/.test(whole));
        if (whole.length <= 60) expect(shown(value)).toBe(whole);
        else expect(shown(value)).toBe(`${whole.slice(0, 60).replace(/[\ud800-\udbff]$/, '')}...`);
      }),
    );
    let deep: unknown = 1;
    for (let i = 0; i < 1e5; i++) deep = i % 2 ? [deep] : { a: deep };
    expect(shown(deep)).toHaveLength(63);
    expect(shown('x'.repeat(1e7))).toBe(`"${'x'.repeat(59)}...`);
    expect(shown(Array.from({ length: 1e6 }, () => []))).toHaveLength(63);
    expect([shown(Number.NaN), shown(undefined), shown(10n), shown(null)]).toEqual(['NaN', 'nothing', '"10"', 'null']);
  });

  test('holds nothing that breaks or turns the line, and a sentence neither', () => {
    const odd = 'a\u202eb\u0000c\u0085d\ud800\u2028e';
    const printed = 'a\\u202eb\\u0000c\\u0085d\\ud800\\u2028e';
    expect(shown(odd)).toBe(`"${printed}"`);
    expect(named(odd)).toBe(printed);
    expect(new DataError('expected\r\n  text', { path: odd }).message).toBe(`${printed}: expected text`);
    expect(new DataError('x'.repeat(1e6)).message).toHaveLength(2003);
  });
});
