/** Files of weights and of training state: what goes in comes out, and what is wrong with a file is one sentence. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { characterTokenizer } from '../../src/data/tokenizers.ts';
import { decodeTensors, encodeTensors, type NamedTensor } from '../../src/model/safetensors.ts';
import {
  decodeCheckpoint,
  decodeModel,
  describeRun,
  encodeCheckpoint,
  encodeModel,
  layoutOfRun,
  parseRun,
} from '../../src/model/weights.ts';
import { layoutOf, partsOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { decodeSnapshot, encodeSnapshot, expectSameText } from '../../src/train/checkpoint.ts';

const where = 'model.safetensors';

/** Runs `read` and answers its sentence; fails unless it is a `DataError` that says what was expected. */
function sentenceOf(read: () => unknown): string {
  let thrown: unknown;
  try {
    read();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(DataError);
  const { message } = thrown as DataError;
  expect(message).toMatch(/expected .*got/s);
  expect(message).not.toContain('\n');
  return message;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array) =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength));

describe('safetensors', () => {
  const tensor: fc.Arbitrary<Omit<NamedTensor, 'name'>> = fc
    .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.boolean(), fc.infiniteStream(fc.nat()))
    .map(([shape, isFloat, words]) => {
      const length = shape.reduce((size, axis) => size * axis, 1);
      const data = Uint32Array.from({ length }, () => (words.next().value as number) * 2 + 1);
      // Any bits, so NaN with payloads and subnormal numbers too.
      return { shape, data: isFloat ? new Float32Array(data.buffer) : data };
    });
  const name = fc
    .oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', 'toString', 'a\nb'))
    .filter((name) => name !== '__metadata__');
  const file = fc.uniqueArray(fc.tuple(name, tensor), { maxLength: 5, selector: ([name]) => name });

  test('every tensor comes back bit for bit under its name, at any alignment of the bytes', () => {
    fc.assert(
      fc.property(
        file,
        fc.dictionary(fc.constantFrom('step', 'a'), fc.string()),
        fc.nat(7),
        (tensors, metadata, skew) => {
          const named = tensors.map(([name, rest]) => ({ name, ...rest }));
          const bytes = encodeTensors(named, metadata);
          const moved = new Uint8Array(bytes.length + skew);
          moved.set(bytes, skew);
          const read = decodeTensors(moved.subarray(skew), where);
          expect(read.metadata).toEqual({ format: 'pt', ...metadata });
          expect([...read.tensors.keys()].sort()).toEqual(named.map(({ name }) => name).sort());
          for (const { name, shape, data } of named) {
            const found = read.tensors.get(name)!;
            expect(found.shape).toEqual(shape);
            expect(found.data.constructor).toBe(data.constructor);
            expect(bitsOf(found.data)).toEqual(bitsOf(data));
          }
        },
      ),
    );
  });

  test('the layout is that of the format: length, header of JSON padded to eight bytes, data in order', () => {
    const bytes = encodeTensors([
      { name: 'a', shape: [2], data: Float32Array.of(1, 2) },
      { name: 'b', shape: [1, 1], data: Uint32Array.of(7) },
    ]);
    const view = new DataView(bytes.buffer);
    const headerLength = Number(view.getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
    expect(header.a).toEqual({ dtype: 'F32', shape: [2], data_offsets: [0, 8] });
    expect(header.b).toEqual({ dtype: 'U32', shape: [1, 1], data_offsets: [8, 12] });
    expect(view.getFloat32(8 + headerLength + 4, true)).toBe(2);
    expect(view.getUint32(8 + headerLength + 8, true)).toBe(7);
    expect(bytes.length).toBe(8 + headerLength + 12);
  });

  const whole = encodeTensors([{ name: 'weights', shape: [3], data: Float32Array.of(1, Number.NaN, -0) }]);
  test('a file cut off anywhere is refused', () => {
    for (let length = 0; length < whole.length; length++) {
      sentenceOf(() => decodeTensors(whole.subarray(0, length), where));
    }
  });

  const withHeader = (header: unknown, data = 0) => {
    const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  test.each([
    ['a text', new TextEncoder().encode('Call me Ishmael. Some years ago'), /another format/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13), /another format/],
    ['a header that is no JSON', withHeader('{"a": nothing}'), /JSON/],
    ['a type that is not read', withHeader({ a: { ...entry, dtype: 'F8_E4M3' } }, 4), /dtype of tensor a.*"F8_E4M3"/],
    ['a range of another size', withHeader({ a: { ...entry, shape: [2] } }, 4), /8 bytes for tensor a .*got 4/],
    ['an entry without fields', withHeader({ a: {} }, 4), /tensor a/],
    ['an entry that is null', withHeader({ a: null }, 4), /tensor a/],
    ['a shape that is no list', withHeader({ a: { ...entry, shape: 'x' } }, 4), /tensor a/],
    ['a negative range', withHeader({ a: { ...entry, data_offsets: [-4, 0] } }, 4), /tensor a/],
    ['a range without numbers', withHeader({ a: { dtype: 'F32', shape: [1] } }, 4), /tensor a/],
    ['null as metadata', withHeader({ __metadata__: null, a: entry }, 4), /metadata .*got null/],
    [
      'metadata that is no text',
      withHeader({ __metadata__: { step: 3 }, a: entry }, 4),
      /metadata step as text, got 3/,
    ],
    ['a list as metadata', withHeader({ __metadata__: ['a'], a: entry }, 4), /metadata .*got \["a"\]/],
    ['a type that is no text', withHeader({ a: { ...entry, dtype: ['F32'] } }, 4), /dtype of tensor a, got \["F32"\]/],
    ['a type named as a prototype', withHeader({ a: { ...entry, dtype: 'toString' } }, 4), /tensor a, got "toString"/],
    ['a list as entry', withHeader({ a: ['F32', [1], [0, 4]] }, 4), /tensor a, got \["F32"/],
    ['more than is known of a tensor', withHeader({ a: { ...entry, scale: 2 } }, 4), /tensor a, got "scale"/],
    ['a negative shape', withHeader({ a: { ...entry, shape: [-1] } }, 4), /shape .*tensor a, got \[-1\]/],
    ['a fractional shape', withHeader({ a: { ...entry, shape: [0.5, 2] } }, 4), /shape .*tensor a, got \[0\.5,2\]/],
    ['a shape of text', withHeader({ a: { ...entry, shape: ['1'] } }, 4), /shape .*tensor a, got \["1"\]/],
    ['a huge shape', withHeader({ a: { ...entry, shape: [1e300] } }, 4), /shape .*tensor a, got \[1e\+300\]/],
    [
      'an infinite shape',
      withHeader('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
      /shape .*tensor a/,
    ],
    ['a shape that overflows', withHeader({ a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 4), /that a file can hold/],
    ['a shape that overflows to nothing', withHeader({ a: { ...entry, shape: [2 ** 40, 2 ** 40, 0] } }, 4), /can hold/],
    ['a shape that wraps around', withHeader({ a: { ...entry, shape: [2 ** 32 + 1] } }, 4), /17179869188 bytes/],
    ['three offsets', withHeader({ a: { ...entry, data_offsets: [0, 4, 8] } }, 4), /two data_offsets .*got \[0,4,8\]/],
    [
      'offsets in reverse',
      withHeader({ a: { ...entry, data_offsets: [4, 0] } }, 4),
      /in order for tensor a, got \[4,0\]/,
    ],
    ['fractional offsets', withHeader({ a: { ...entry, data_offsets: [0.5, 4.5] } }, 5), /tensor a, got \[0\.5,4\.5\]/],
    ['offsets beyond the file', withHeader({ a: { ...entry, data_offsets: [4, 8] } }, 4), /tensor a to end at byte 8/],
    [
      'an overlap',
      withHeader({ a: entry, b: { ...entry, shape: [2], data_offsets: [0, 8] } }, 8),
      /tensor b .*overlap/,
    ],
    ['a tensor twice in the same bytes', withHeader({ a: entry, b: entry }, 4), /tensor b .*overlap/],
    [
      'a gap',
      withHeader({ a: entry, b: { ...entry, data_offsets: [8, 12] } }, 12),
      /tensor b .*at byte 4.*got 8 \(a gap\)/,
    ],
    ['a gap at the beginning', withHeader({ a: { ...entry, data_offsets: [4, 8] } }, 8), /tensor a .*byte 0.*gap/],
    ['bytes after the last tensor', withHeader({ a: entry }, 5), /4 bytes of data after the header, got 1 bytes more/],
    ['bytes without a tensor', withHeader({}, 4), /0 bytes of data after the header, got 4 bytes more/],
    [
      'a tensor twice',
      withHeader(`{"a":${JSON.stringify(entry)},"a":${JSON.stringify(entry)}}`, 4),
      /once, got "a" again/,
    ],
    ['a tensor twice, escaped', withHeader(`{"a":${JSON.stringify(entry)},"\\u0061":0}`, 4), /once, got "a" again/],
    [
      'a field twice',
      withHeader('{"a":{"dtype":"F32","dtype":"U32","shape":[1],"data_offsets":[0,4]}}', 4),
      /"dtype" again/,
    ],
    ['a negative number', withHeader({ a: { ...entry, dtype: 'I32' } }, 4).fill(0xff, -4), /from 0 in tensor a/],
    ['a header nested without end', withHeader(`{"a":${'['.repeat(100_000)}`, 4), /nested at most 64 deep/],
    ['nesting that is closed', withHeader(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), /nested at most 64 deep/],
    ['a header that is no UTF-8', withHeader({ a: 0 }).fill(0xff, 9, 10), /UTF-8/],
    ['a name that is no line', withHeader({ 'a\n\u202eb': 0 }), /tensor a\\u000a\\u202eb, got 0/],
    ['an endless name', withHeader({ ['a'.repeat(1e5)]: 0 }), /tensor a{60}\.\.\., got 0/],
  ])('%s is refused', (_, bytes, sentence) => {
    expect(sentenceOf(() => decodeTensors(bytes, where))).toMatch(sentence);
  });

  test.each([
    ['one byte longer than the file', BigInt(withHeader({ a: entry }, 4).length - 7)],
    ['of 100 MB', 100_000_000n],
    ['of all that a length can say', 0xffff_ffff_ffff_ffffn],
  ])('a header %s in a small file is refused before anything is read', (_, length) => {
    const bytes = withHeader({ a: entry }, 4);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    const sentence = `${where}: expected a header of ${length} bytes, got a file cut off after ${bytes.length}`;
    expect(sentenceOf(() => decodeTensors(bytes, where))).toBe(sentence);
  });

  test('tensors may stand in any order, and be empty', () => {
    const header = {
      b: { ...entry, data_offsets: [4, 8] },
      none: { ...entry, shape: [3, 0], data_offsets: [4, 4] },
      a: { ...entry, shape: [], data_offsets: [0, 4] },
    };
    const bytes = withHeader(header, 8);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 7, true);
    const { tensors } = decodeTensors(bytes, where);
    expect([...tensors.values()].map(({ name, data }) => [name, ...data])).toEqual([['b', 7], ['none'], ['a', 0]]);
  });

  /** What 16 bits mean, from the definition: a sign, `exponentBits` of exponent, the rest of the fraction. */
  const meaningOf = (half: number, exponentBits: number): number => {
    const fractionBits = 15 - exponentBits;
    const sign = half >= 0x8000 ? -1 : 1;
    const exponent = (half & 0x7fff) >> fractionBits;
    const fraction = (half & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    const bias = 2 ** (exponentBits - 1) - 1;
    if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign / 0 : Number.NaN;
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
  };
  test.each([
    ['F16', 5],
    ['BF16', 8],
  ])('every number in %s becomes the float32 that is equal to it', (dtype, exponentBits) => {
    const bytes = withHeader({ a: { dtype, shape: [256, 256], data_offsets: [0, 2 * 65536] } }, 2 * 65536);
    const view = new DataView(bytes.buffer, bytes.length - 2 * 65536);
    for (let half = 0; half < 65536; half++) view.setUint16(2 * half, half, true);
    const { data, shape } = decodeTensors(bytes, where).tensors.get('a')!;
    expect(shape).toEqual([256, 256]);
    expect(data).toBeInstanceOf(Float32Array);
    const wrong = Array.from({ length: 65536 }, (_, half) => half).filter(
      (half) => !Object.is(data[half], meaningOf(half, exponentBits)),
    );
    expect(wrong).toEqual([]);
  });

  test('no bytes whatever do more than be refused', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json({ maxDepth: 3 }).map((json) => withHeader(json, 8)),
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = whole.slice();
        changed[at] = byte;
        return changed;
      }),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        try {
          decodeTensors(bytes, where);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect((error as Error).message).toMatch(/^model\.safetensors: expected .*got/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('checkpoints', () => {
  const experiment = withSettings(defaultExperiment(), {
    'model.width': 12,
    'model.heads': 3,
    'model.experts': 3,
    'model.expertWidth': 5,
    'model.sharedExperts': 1,
  });
  const layout = layoutOf(experiment.model, 7);
  const weights = initialParameters(layout, experiment.model.layers, 0.02, 5);

  test('a model comes back bit for bit, under names of its parts, negative zero included', () => {
    const odd = weights.slice();
    odd[1] = -0;
    const bytes = encodeModel(layout, odd, 3);
    expect(bitsOf(decodeModel(bytes, layout, where))).toEqual(bitsOf(odd));
    const { tensors, metadata } = decodeTensors(bytes, where);
    expect(metadata.step).toBe('3');
    expect([...tensors.keys()]).toEqual(partsOf(layout).map(({ name }) => name));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'weights with %s are refused',
    (value) => {
      const { name, offset, shape } = partsOf(layout)[3];
      const odd = weights.slice();
      odd[offset + 2] = value;
      expect(shape.reduce((size, axis) => size * axis, 1)).toBeGreaterThan(2);
      const sentence = `${where}: expected finite weights in tensor ${name}, got ${value} as number 3`;
      expect(sentenceOf(() => decodeModel(encodeModel(layout, odd, 3), layout, where))).toBe(sentence);
      const tokenizer = characterTokenizer([...'abcdefg']);
      const whole = encodeCheckpoint({ experiment, tokenizer, weights: odd }, 3);
      expect(sentenceOf(() => decodeCheckpoint(whole, where))).toBe(sentence);
    },
  );

  /** The tensors of a model in 16 bits, made of the bits of each weight in 32. */
  const inHalf = (dtype: 'F16' | 'BF16', halfOf: (bits: number) => number): Uint8Array => {
    const tensors = [...decodeTensors(encodeModel(layout, weights, 1), where).tensors.values()];
    const halves = tensors.flatMap(({ data }) => Array.from(new Uint32Array(data.buffer), halfOf));
    let end = 0;
    const entries = tensors.map(({ name, shape, data }) => {
      const start = end;
      end += 2 * data.length;
      return [name, { dtype, shape, data_offsets: [start, end] }];
    });
    const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
    const bytes = new Uint8Array(8 + json.length + end);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    halves.forEach((half, i) => {
      view.setUint16(8 + json.length + 2 * i, half, true);
    });
    return bytes;
  };

  test('a model in BF16 or F16 is read, and one that is infinite in F16 is refused', () => {
    const read = decodeModel(
      inHalf('BF16', (bits) => bits >>> 16),
      layout,
      where,
    );
    const cut = new Uint32Array(weights.slice().buffer).map((bits) => bits & 0xffff0000);
    expect(bitsOf(read)).toEqual(bitsOf(cut));
    const ones = decodeModel(
      inHalf('F16', () => 0x3c00),
      layout,
      where,
    );
    const [{ name, offset, shape }] = partsOf(layout);
    expect(ones.subarray(offset, offset + shape[0] * shape[1]).every((value) => value === 1)).toBe(true);
    const infinite = inHalf('F16', () => 0x7c00);
    expect(sentenceOf(() => decodeModel(infinite, layout, where))).toContain(`weights in tensor ${name}, got Infinity`);
  });

  test('whole numbers in the place of weights are refused', () => {
    const tensors = [...decodeTensors(encodeModel(layout, weights, 1), where).tensors.values()];
    const [first, ...rest] = tensors;
    const counts = { ...first, data: new Uint32Array(first.data.length) };
    expect(sentenceOf(() => decodeModel(encodeTensors([counts, ...rest]), layout, where))).toMatch(/got whole numbers/);
  });

  test('a vocabulary that no file could hold is refused before anything is allocated', () => {
    const large = layoutOf(experiment.model, 2 ** 40);
    expect(sentenceOf(() => decodeModel(encodeModel(layout, weights, 1), large, where))).toMatch(
      /embed_tokens.*got \(8, 12\)/,
    );
    const { architecture, ...rest } = describeRun(experiment, 7);
    for (const vocab_size of [2 ** 40, 1e300, 2.5, -8, '8', [8]]) {
      const text = JSON.stringify({ ...rest, architecture: { ...(architecture as object), vocab_size } });
      expect(sentenceOf(() => parseRun(text, 'config.json'))).toMatch(/vocab_size/);
    }
  });

  test('a state of training of which a bit flipped is refused', () => {
    const bytes = encodeSnapshot(
      { step: 5, parameter: weights, moment1: weights, moment2: weights, average: weights },
      'a',
    );
    const { length } = bytes;
    for (const at of [length - 1, length - 4 * weights.length - 3, length - 13 * weights.length]) {
      const spoilt = bytes.slice();
      spoilt[at] ^= 1;
      expect(sentenceOf(() => decodeSnapshot(spoilt, layout, where))).toMatch(/expected the numbers that were written/);
    }
    const step = Buffer.from(bytes.buffer).indexOf('"step":"5"') + '"step":"'.length;
    bytes[step] = '6'.charCodeAt(0);
    expect(sentenceOf(() => decodeSnapshot(bytes, layout, where))).toMatch(/expected the numbers that were written/);
  });

  test('the state of training comes back bit for bit', () => {
    const part = (salt: number) => weights.map((value) => value * salt);
    const snapshot = { step: 17, parameter: weights, moment1: part(2), moment2: part(3), average: part(4) };
    const read = decodeSnapshot(encodeSnapshot(snapshot, '0badcafe'), layout, where);
    expect({ step: read.step, text: read.text }).toEqual({ step: 17, text: '0badcafe' });
    for (const name of ['parameter', 'moment1', 'moment2', 'average'] as const)
      expect(bitsOf(read[name])).toEqual(bitsOf(snapshot[name]));
  });

  test('a run goes on with its own text alone; a state older than fingerprints with any', () => {
    const state = { step: 1, parameter: weights, moment1: weights, moment2: weights, average: weights };
    const saved = decodeSnapshot(encodeSnapshot(state, '0badcafe'), layout, where);
    const textOf = (fingerprint: string) => ({ fingerprint: () => fingerprint });
    expect(() => expectSameText(saved, textOf('0badcafe'), 'a.txt')).not.toThrow();
    expect(sentenceOf(() => expectSameText(saved, textOf('0badcaff'), 'a.txt'))).toMatch(/^a\.txt: .*got another/);
    const tensors = [...decodeTensors(encodeSnapshot(state, ''), where).tensors.values()];
    const old = decodeSnapshot(encodeTensors(tensors, { step: '1' }), layout, where);
    expect(() => expectSameText(old, textOf('0badcaff'), 'a.txt')).not.toThrow();
  });

  test('a file of another architecture is refused, whichever way it differs', () => {
    const bytes = encodeModel(layout, weights, 1);
    const other = (settings: Record<string, unknown>, vocabulary = 7) =>
      layoutOf(withSettings(experiment, settings).model, vocabulary);
    const refuse = (layout: ReturnType<typeof layoutOf>) => sentenceOf(() => decodeModel(bytes, layout, where));
    expect(refuse(other({ 'model.layers': 3 }))).toMatch(/model\.layers\.2.*got none/);
    expect(refuse(other({ 'model.layers': 1 }))).toMatch(/got model\.layers\.1\..* as well/);
    expect(refuse(other({ 'model.width': 24 }))).toMatch(/expected tensor .* \(8, 24\).*got \(8, 12\)/);
    expect(refuse(other({}, 9))).toMatch(/expected tensor model\.embed_tokens\.weight \(10, 12\).*got \(8, 12\)/);
    expect(refuse(other({ 'model.feedForward': 'dense' }))).toMatch(/got none/);
    expect(refuse(other({ 'model.sharedExperts': 0 }))).toMatch(/shared_expert.* as well/);
  });

  test('a state that is truncated, of another length, or without its step is refused', () => {
    const snapshot = { step: 2, parameter: weights, moment1: weights, moment2: weights, average: weights };
    const bytes = encodeSnapshot(snapshot, '');
    sentenceOf(() => decodeSnapshot(bytes.subarray(0, bytes.length - 1), layout, where));
    const short = encodeSnapshot({ ...snapshot, moment2: weights.subarray(64) }, '');
    expect(sentenceOf(() => decodeSnapshot(short, layout, where))).toMatch(/moment2/);
    const foreign = encodeModel(layout, weights, 2);
    expect(sentenceOf(() => decodeSnapshot(foreign, layout, where))).toMatch(/parameter/);
    const data = weights;
    const unnumbered = encodeTensors([{ name: 'parameter', shape: [data.length], data }]);
    expect(sentenceOf(() => decodeSnapshot(unnumbered, layout, where))).toMatch(/number of steps/);
    const negative = encodeSnapshot({ ...snapshot, step: -1 }, '');
    expect(sentenceOf(() => decodeSnapshot(negative, layout, where))).toMatch(/got "-1"/);
    for (const step of ['', ' ', '1e3', '0x10', '1.5', '9'.repeat(400)]) {
      const tensors = [...decodeTensors(bytes, where).tensors.values()];
      const odd = encodeTensors(tensors, { step, text: '' });
      expect(sentenceOf(() => decodeSnapshot(odd, layout, where))).toMatch(/number of steps in the metadata, got "/);
    }
  });

  test('config.json gives back the experiment and the layout', () => {
    const described = describeRun(experiment, 7);
    const run = parseRun(JSON.stringify(described), 'config.json');
    expect(run).toEqual({ experiment, vocabularySize: 7 });
    expect(layoutOfRun(run)).toEqual(layout);
    expect(described.architecture).toMatchObject({ vocab_size: 8, mask_token_id: 7, logit_shift: false });
  });

  test.each([
    ['no JSON', '{"format": 1', /JSON/],
    ['null', 'null', /format/],
    ['a list', '[1]', /format/],
    ['the config of another program', '{"model_type": "llama"}', /format/],
    ['no vocabulary', '{"format": 1}', /vocab_size/],
    ['settings that are null', '{"format": 1, "architecture": {"vocab_size": 8}, "model": null}', /model: .*got null/],
    ['settings that are text', '{"format": 1, "architecture": {"vocab_size": 8}, "model": "x"}', /model: .*got "x"/],
    ['a setting twice', '{"format": 1, "model": {"layers": 2, "layers": 3}}', /once, got "layers" again/],
    ['nesting without end', `{"format": ${'['.repeat(1e5)}`, /nested at most 64 deep/],
    ['a vocabulary of the mask alone', '{"format": 1, "architecture": {"vocab_size": 1}}', /vocab_size/],
  ])('config.json: %s is refused', (_, text, sentence) => {
    expect(sentenceOf(() => parseRun(text, 'config.json'))).toMatch(sentence);
  });
});
