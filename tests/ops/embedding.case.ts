import { add } from '../../src/ops/add.ts';
import { embedding } from '../../src/ops/embedding.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { noise, type OpCase } from './case.ts';

interface Batch {
  readonly name: string;
  readonly V: number;
  readonly C: number;
  readonly tokens: readonly number[];
}

const random = (N: number, V: number) => Array.from({ length: N }, (_, i) => Math.floor(((noise(i, 7) + 1) / 2) * V));

const batches: Batch[] = [
  { name: 'one token', V: 1, C: 1, tokens: [0] },
  { name: 'absent tokens', V: 11, C: 5, tokens: [3, 9, 3, 3, 10, 0, 9] },
  { name: 'all buckets short', V: 53, C: 3, tokens: random(131, 53) },
  // Half of all positions hold the last token, as masked batches do: its bucket spans several chunks.
  { name: 'half masked', V: 13, C: 7, tokens: random(301, 12).map((token, i) => (noise(i, 8) < 0 ? 12 : token)) },
  { name: 'one token fills several whole chunks', V: 4, C: 2, tokens: Array<number>(96).fill(2) },
  // Runs that end, and runs that start, exactly where a chunk does.
  { name: 'runs as long as a chunk', V: 3, C: 3, tokens: Array.from({ length: 80 }, (_, i) => Math.floor(i / 32)) },
  { name: 'chunks longer than 32', V: 5, C: 1, tokens: random(2003, 4).map((token, i) => (i % 2 ? 4 : token)) },
];

function inputsOf({ V, C, tokens }: Batch): OpCase['inputs'] {
  const order = tokens.map((_, position) => position).sort((a, b) => tokens[a] - tokens[b] || a - b);
  const offsets = Array.from({ length: V + 1 }, (_, v) => tokens.filter((token) => token < v).length);
  const words = (values: readonly number[]) =>
    ({ shape: [values.length], type: 'u32', values: (i: number) => values[i] }) as const;
  return { table: { shape: [V, C] }, tokens: words(tokens), order: words(order), offsets: words(offsets) };
}

const look = ({ table, tokens, order, offsets }: Record<string, Tensor>) =>
  embedding(table, tokens, { order, offsets });

export const cases: OpCase[] = [
  ...batches.map(
    (batch): OpCase => ({
      name: `embedding, ${batch.name}`,
      inputs: inputsOf(batch),
      record: (_, inputs) => look(inputs),
    }),
  ),
  {
    name: 'embedding used twice: the gradient is added to the first one',
    inputs: inputsOf(batches[1]),
    record: (_, inputs) => add(look(inputs), look(inputs)),
  },
];
