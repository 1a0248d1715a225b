/** Files of weights and of training state: what goes in comes out, and what is wrong with a file is one sentence. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { decodeTensors, encodeTensors, type NamedTensor } from '../../src/model/safetensors.ts';
import { decodeModel, describeRun, encodeModel, layoutOfRun, parseRun } from '../../src/model/weights.ts';
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
  const file = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    tensor,
    { maxKeys: 5 },
  );

  test('every tensor comes back bit for bit under its name, at any alignment of the bytes', () => {
    fc.assert(
      fc.property(
        file,
        fc.dictionary(fc.constantFrom('step', 'a'), fc.string()),
        fc.nat(7),
        (tensors, metadata, skew) => {
          const named = Object.entries(tensors).map(([name, rest]) => ({ name, ...rest }));
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
    ['a type that is not read', withHeader({ a: { ...entry, dtype: 'BF16' } }, 4), /tensor a .*BF16/],
    ['a range of another size', withHeader({ a: { ...entry, shape: [2] } }, 4), /8 bytes for tensor a, got 4/],
    ['an entry without fields', withHeader({ a: {} }, 4), /tensor a/],
    ['an entry that is null', withHeader({ a: null }, 4), /tensor a/],
    ['a shape that is no list', withHeader({ a: { ...entry, shape: 'x' } }, 4), /tensor a/],
    ['a negative range', withHeader({ a: { ...entry, data_offsets: [-4, 0] } }, 4), /tensor a/],
    ['a range without numbers', withHeader({ a: { dtype: 'F32', shape: [1] } }, 4), /tensor a/],
    ['null as metadata', withHeader({ __metadata__: null, a: entry }, 4), /metadata/],
  ])('%s is refused', (_, bytes, sentence) => {
    expect(sentenceOf(() => decodeTensors(bytes, where))).toMatch(sentence);
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

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a model with %s among its weights is refused by the name of the tensor',
    (value) => {
      const spoilt = weights.slice();
      const { name, offset } = partsOf(layout).at(-1)!;
      spoilt[offset] = value;
      expect(sentenceOf(() => decodeModel(encodeModel(layout, spoilt, 3), layout, where))).toContain(
        `expected finite numbers in tensor ${name}, got ${value}`,
      );
    },
  );

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
    expect(sentenceOf(() => decodeSnapshot(negative, layout, where))).toMatch(/got -1/);
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
    ['a vocabulary of the mask alone', '{"format": 1, "architecture": {"vocab_size": 1}}', /vocab_size/],
  ])('config.json: %s is refused', (_, text, sentence) => {
    expect(sentenceOf(() => parseRun(text, 'config.json'))).toMatch(sentence);
  });
});
