/** The reverse pass over a recording, on the float64 twins: sums, regions without gradient, and its refusals. */
import { expect, test } from 'vitest';
import { KernelError, ShapeError } from '../../src/base/errors.ts';
import { add, backward } from '../../src/ops/add.ts';
import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { rmsnorm } from '../../src/ops/rmsnorm.ts';
import { swiglu } from '../../src/ops/swiglu.ts';
import type { Range } from '../../src/runtime/recording.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import {
  createGraph,
  detach,
  differentiable,
  type Graph,
  persistentTensor,
  reshape,
  type Tensor,
  tensorOver,
  transientTensor,
  withoutGradient,
} from '../../src/tensor/tensor.ts';

interface Parameter {
  readonly tensor: Tensor;
  readonly gradient: Tensor;
}

function parameter(graph: Graph, label: string, shape: readonly number[], initial: readonly number[]): Parameter {
  const value = persistentTensor(graph, label, shape, { initial });
  const gradient = persistentTensor(graph, `d ${label}`, shape);
  return { tensor: tensorOver(graph, value.storage, 0, shape, gradient), gradient };
}

function ones(graph: Graph, shape: readonly number[]): Tensor {
  return persistentTensor(graph, 'upstream', shape, { initial: new Array(shape.reduce((a, b) => a * b, 1)).fill(1) });
}

/** Runs a graph and answers ranges of persistent storages. */
async function run(graph: Graph, ranges: readonly Range[]): Promise<number[][]> {
  const runtime = createTwinRuntime({ bits: 64 });
  const plan = await runtime.compile({ launches: graph.launches });
  await plan.run();
  return (await runtime.read(ranges)).map((data) => Array.from(data));
}

test('a parent used three times, also as a view, gets the sum of its gradients where it wants it', async () => {
  const graph = createGraph();
  const a = parameter(graph, 'a', [2, 2], [1, 2, 3, 4]);
  const b = parameter(graph, 'b', [2, 2], [5, 6, 7, 8]);
  // y = a b + (a + a), so dy/da = 1 b^T + 2 and dy/db = a^T 1.
  const product = matmul(a.tensor, b.tensor);
  const doubled = reshape(add(reshape(a.tensor, [4]), reshape(a.tensor, [4])), [2, 2]);
  const y = add(product, doubled);
  backward(graph, [{ tensor: y, upstream: ones(graph, [2, 2]) }]);
  const [da, db] = await run(graph, [a.gradient, b.gradient]);
  expect(da).toEqual([5 + 6 + 2, 7 + 8 + 2, 5 + 6 + 2, 7 + 8 + 2]);
  expect(db).toEqual([1 + 3, 1 + 3, 2 + 4, 2 + 4]);
});

test('a view of a view with the first shape again is the tensor itself, its gradient counted once', async () => {
  const graph = createGraph();
  const a = parameter(graph, 'a', [2, 2], [1, 2, 3, 4]);
  const again = reshape(reshape(a.tensor, [4]), [2, 2]);
  backward(graph, [{ tensor: add(again, again), upstream: ones(graph, [2, 2]) }]);
  expect(await run(graph, [a.gradient])).toEqual([[2, 2, 2, 2]]);
});

test('a tensor computed once and used by two branches passes the sum of both on', async () => {
  const graph = createGraph();
  const x = parameter(graph, 'x', [1, 2], [1, -2]);
  const w = persistentTensor(graph, 'w', [2, 2], { initial: [2, 0, 0, 3] });
  const hidden = matmul(x.tensor, w);
  // y = h w + h, dh = w 1 + 1 = (3, 4), dx = dh w^T = (6, 12).
  backward(graph, [{ tensor: add(matmul(hidden, w), hidden), upstream: ones(graph, [1, 2]) }]);
  expect(await run(graph, [x.gradient])).toEqual([[6, 12]]);
});

test('two outputs with gradients of their own are reversed together', async () => {
  const graph = createGraph();
  const x = parameter(graph, 'x', [2], [1, 2]);
  const y = add(x.tensor, x.tensor);
  const z = add(y, x.tensor);
  const upstream = persistentTensor(graph, 'upstream of y', [2], { initial: [10, 100] });
  backward(graph, [
    { tensor: z, upstream: ones(graph, [2]) },
    { tensor: y, upstream },
  ]);
  expect(await run(graph, [x.gradient])).toEqual([[3 + 20, 3 + 200]]);
});

test('a region without gradient records its launches and passes nothing back', async () => {
  const graph = createGraph();
  const x = parameter(graph, 'x', [2], [1, 2]);
  const constant = withoutGradient(graph, () => add(x.tensor, x.tensor));
  expect(constant.isDifferentiable).toBe(false);
  expect(graph.recordsGradients).toBe(true);
  expect(graph.launches).toHaveLength(1);
  backward(graph, [{ tensor: add(x.tensor, constant), upstream: ones(graph, [2]) }]);
  expect(await run(graph, [x.gradient])).toEqual([[1, 1]]);
});

test('a region without gradient ends where recording throws, and restores what was outside it', () => {
  const graph = createGraph();
  const fail = () => {
    throw new Error('recording failed');
  };
  expect(() => withoutGradient(graph, fail)).toThrow('recording failed');
  expect(graph.recordsGradients).toBe(true);
  withoutGradient(graph, () => {
    withoutGradient(graph, () => {});
    expect(graph.recordsGradients).toBe(false);
  });
});

test('a detached tensor is a constant', async () => {
  const graph = createGraph();
  const x = parameter(graph, 'x', [2], [1, 2]);
  backward(graph, [{ tensor: add(x.tensor, detach(add(x.tensor, x.tensor))), upstream: ones(graph, [2]) }]);
  expect(await run(graph, [x.gradient])).toEqual([[1, 1]]);
});

test('the answer of backward is the gradient of an inner tensor, or null where none reaches it', async () => {
  const graph = createGraph();
  const x = parameter(graph, 'x', [2], [1, 2]);
  const unused = parameter(graph, 'unused', [2], [1, 2]);
  const inner = add(x.tensor, x.tensor);
  const gradientOf = backward(graph, [{ tensor: add(inner, inner), upstream: ones(graph, [2]) }]);
  expect(gradientOf(unused.tensor)).toBeNull();
  const runtime = createTwinRuntime({ bits: 64 });
  const plan = await runtime.compile({ launches: graph.launches }, { keepAll: true });
  await plan.run();
  expect(Array.from(await plan.read(gradientOf(inner)!))).toEqual([2, 2]);
});

test('an op that forgets an input, or names one that it has not, is refused', () => {
  for (const contributesTo of ['neither', 'another'] as const) {
    const graph = createGraph();
    const [a, b, other] = ['a', 'b', 'other'].map((label) => parameter(graph, label, [2], [1, 2]).tensor);
    const sum = differentiable(transientTensor(graph, 'sum', [2]), [a, b], (upstream) => [
      { input: a, alias: upstream },
      ...(contributesTo === 'another' ? [{ input: other, alias: upstream }] : []),
    ]);
    expect(() => backward(graph, [{ tensor: sum, upstream: ones(graph, [2]) }])).toThrow(
      new KernelError('differentiate: expected one contribution for each input of sum, got others'),
    );
  }
});

function lossOf(graph: Graph, { rows, samples, maskId }: { rows: number; samples: number; maskId: number }): unknown {
  const words = (label: string) => persistentTensor(graph, label, [rows], { type: 'u32' });
  const weights = persistentTensor(graph, 'weights', [samples]);
  const logits = persistentTensor(graph, 'logits', [rows, 4]);
  return crossEntropy(logits, { slotOf: words('slots'), targets: words('targets'), weights, maskId });
}

const shapes: [string, RegExp, (graph: Graph) => unknown][] = [
  ['add', /^add: expected .*, got \(3\)/, (g) => add(persistentTensor(g, 'a', [2]), persistentTensor(g, 'b', [3]))],
  [
    'another shape of as many elements',
    /^add: expected b \(2, 3\), got \(3, 2\)$/,
    (g) => add(persistentTensor(g, 'a', [2, 3]), persistentTensor(g, 'b', [3, 2])),
  ],
  [
    'a residual of another shape',
    /^matmul: expected residual \(2, 4\), got \(4, 2\)$/,
    (g) => {
      const residual = persistentTensor(g, 'residual', [4, 2]);
      return matmul(persistentTensor(g, 'a', [2, 3]), persistentTensor(g, 'b', [3, 4]), { residual });
    },
  ],
  [
    'matmul',
    /^matmul: expected .*, got \(2, 3\), \(4, 5\)/,
    (g) => matmul(persistentTensor(g, 'a', [2, 3]), persistentTensor(g, 'b', [4, 5])),
  ],
  [
    'rmsnorm',
    /^rmsnorm: expected x \(rows, C\), got \(3, 4, 5\)/,
    (g) => rmsnorm(persistentTensor(g, 'x', [3, 4, 5]), persistentTensor(g, 'w', [5])),
  ],
  ['swiglu', /^swiglu: expected .*, got .*3/, (g) => swiglu(persistentTensor(g, 'x', [2, 3]))],
  [
    'cross-entropy of samples of uneven length',
    /^crossEntropy: expected logits of 2 samples of one length, got 5 rows$/,
    (g) => lossOf(g, { rows: 5, samples: 2, maskId: 3 }),
  ],
  [
    'the column of the mask',
    /^crossEntropy: expected a mask among 4 columns, got column 4$/,
    (g) => lossOf(g, { rows: 4, samples: 2, maskId: 4 }),
  ],
  [
    'reshape',
    /^reshape: expected 6 elements for \(2, 3\), got \(4\)/,
    (g) => reshape(persistentTensor(g, 'x', [2, 3]), [4]),
  ],
  [
    'the type of elements',
    /^rmsnorm: expected x of type f32, got u32/,
    (g) => rmsnorm(persistentTensor(g, 'x', [3, 5], { type: 'u32' }), persistentTensor(g, 'w', [5])),
  ],
  [
    'an upstream gradient',
    /^differentiate: expected a gradient \(2\), got \(3\)/,
    (g) => {
      const x = parameter(g, 'x', [2], [1, 2]);
      backward(g, [{ tensor: add(x.tensor, x.tensor), upstream: ones(g, [3]) }]);
    },
  ],
];

test.each(shapes)('a wrong shape is one sentence: %s', (_, sentence, record) => {
  let thrown: unknown;
  try {
    record(createGraph());
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ShapeError);
  expect((thrown as Error).message).toMatch(sentence);
});
