/** What attention and its neighbours say about shapes that they cannot take, and what layers share. */
import { expect, test } from 'vitest';
import { attention } from '../../src/ops/attention.ts';
import { embedding } from '../../src/ops/embedding.ts';
import { qkNormRope } from '../../src/ops/qkNormRope.ts';
import { swiglu } from '../../src/ops/swiglu.ts';
import { createGraph, persistentTensor, tensorOver, withoutGradient } from '../../src/tensor/tensor.ts';

const tensor = (shape: number[]) => persistentTensor(createGraph(), 'x', shape);
const rotary = { T: 4, heads: 2, base: 100, qWeight: null, kWeight: null };

test('swiglu wants an even width', () => {
  expect(() => swiglu(tensor([2, 5]))).toThrow('swiglu: expected gateUp (N, 2F), got (2, 5)');
});

test('attention wants whole sequences, whole heads and a block', () => {
  const options = { T: 4, heads: 2, blockSize: 4 };
  expect(() => attention(tensor([6, 12]), options)).toThrow(/^attention: expected qkv .* got \(6, 12\)$/);
  expect(() => attention(tensor([8, 9]), options)).toThrow(/^attention: expected qkv .* got \(8, 9\)$/);
  expect(() => attention(tensor([8, 10]), options)).toThrow(/^attention: expected qkv .* got \(8, 10\)$/);
  expect(() => attention(tensor([8, 12]), { ...options, blockSize: 0 })).toThrow(
    'attention: expected a block size of at least 1, got 0',
  );
  expect(() => attention(tensor([12, 12]), { ...options, paired: true })).toThrow(
    'attention: expected pairs of noisy and clean sequences, got 3 sequences',
  );
});

test('the rotary embedding wants pairs, and weights of both norms or of neither', () => {
  expect(() => qkNormRope(tensor([4, 18]), rotary)).toThrow(/^qkNormRope: expected qkv .* got \(4, 18\)$/);
  const qkv = tensor([4, 24]);
  const qWeight = persistentTensor(qkv.graph, 'q', [4]);
  expect(() => qkNormRope(qkv, { ...rotary, qWeight })).toThrow('both norms or of neither');
});

test('layers of one graph share one table of rotary angles', () => {
  const qkv = tensor([4, 24]);
  for (let layer = 0; layer < 3; layer++) qkNormRope(qkv, rotary);
  const tables = new Set(qkv.graph.launches.map(({ bindings }) => bindings.turn.storage));
  expect(tables.size).toBe(1);
});

test('an embedding without sorted tokens has no gradient, and says so', () => {
  const graph = createGraph();
  const values = persistentTensor(graph, 'table', [5, 3]);
  const table = tensorOver(graph, values.storage, 0, [5, 3], persistentTensor(graph, 'd table', [5, 3]));
  const tokens = persistentTensor(graph, 'tokens', [7], { type: 'u32' });
  expect(() => embedding(table, tokens, null)).toThrow('embedding: expected sorted tokens');
  expect(withoutGradient(graph, () => embedding(table, tokens, null)).shape).toEqual([7, 3]);
});
