import { add } from '../../src/ops/add.ts';
import { jitter } from '../../src/ops/jitter.ts';
import { noise, type OpCase } from './case.ts';

const draw = { shape: [2], type: 'u32' as const, values: (i: number) => [4294967295, 123456][i] };

export const cases: OpCase[] = [
  ...[
    [1, 1],
    [3, 7],
    [67, 20],
  ].map(
    (shape, place): OpCase => ({
      name: `jitter ${shape.join(' x ')}`,
      inputs: { x: { shape, values: (i) => noise(i) }, draw },
      record: (_, inputs) => jitter(inputs.x, { draw: inputs.draw, eps: 0.3, place }),
    }),
  ),
  {
    name: 'jitter, gradients summed',
    inputs: { x: { shape: [5, 3] }, draw },
    record: (_, inputs) => {
      const at = (place: number) => jitter(inputs.x, { draw: inputs.draw, eps: 0.5, place });
      return add(at(0), at(1));
    },
  },
  {
    // With x = 1 and eps = 1 the result is 2 u, which float32 holds: the bits of the random numbers themselves.
    name: 'jitter, random bits',
    inputs: { x: { shape: [31, 9], values: () => 1, differentiate: false }, draw },
    record: (_, inputs) => jitter(inputs.x, { draw: inputs.draw, eps: 1, place: 2 }),
    tolerance: 0,
  },
];
