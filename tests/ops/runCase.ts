/**
 * Checks one case of an op: the GPU against the float64 twin (results and gradients, every shader variant), and the
 * twin's gradients against finite differences of the twin. Runs under Node and Deno: no test framework here.
 */

import { backward } from '../../src/ops/add.ts';
import type { Data, Runtime } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor, type Tensor, tensorOver } from '../../src/tensor/tensor.ts';
import { type CaseInput, noise, type OpCase } from './case.ts';

/** Runs the case and answers every failure as a sentence; none means that it passed. */
export async function runCase(opCase: OpCase, gpuRuntime: (variant: number) => Promise<Runtime>): Promise<string[]> {
  const failures: string[] = [];
  const recorded = recordCase(opCase);
  const oracle = await execute(recorded, createTwinRuntime({ bits: 64 }));
  const variants = Math.max(1, ...recorded.graph.launches.map(({ variants }) => variants.length));
  for (let variant = 0; variant < variants; variant++) {
    const actual = await execute(recorded, await gpuRuntime(variant));
    for (const [name, expected] of oracle) {
      const failure = compare(name, actual.get(name)!, expected, opCase.tolerance ?? 2e-5);
      if (failure) failures.push(`variant ${variant}: ${failure}`);
    }
  }
  failures.push(...(await compareDifferences(opCase, recorded, oracle)));
  return failures;
}

interface Recorded {
  readonly graph: ReturnType<typeof createGraph>;
  readonly inputs: Record<string, Tensor>;
  readonly results: readonly Tensor[];
  readonly upstream: Tensor | null;
  readonly gradients: Record<string, Tensor>;
  readonly values: Record<string, number[]>;
  readonly weights: number[];
}

function recordCase({ inputs: declared, record }: OpCase): Recorded {
  const graph = createGraph();
  const inputs: Record<string, Tensor> = {};
  const gradients: Record<string, Tensor> = {};
  for (const [name, input] of Object.entries(declared)) {
    const tensor = persistentTensor(graph, name, input.shape, { type: input.type });
    const wantsGradient = input.differentiate ?? (input.type ?? 'f32') === 'f32';
    if (wantsGradient) gradients[name] = persistentTensor(graph, `d ${name}`, input.shape);
    inputs[name] = wantsGradient ? tensorOver(graph, tensor.storage, 0, input.shape, gradients[name]) : tensor;
  }
  const result = record(graph, inputs);
  const results = Array.isArray(result) ? result : [result as Tensor];
  let upstream: Tensor | null = null;
  if (results[0].isDifferentiable) {
    upstream = persistentTensor(graph, 'upstream', results[0].shape);
    backward(graph, [{ tensor: results[0], upstream }]);
  }
  const values = Object.fromEntries(
    Object.entries(declared).map(([name, input], salt) => [name, valuesOf(input, salt)]),
  );
  const weights = upstream ? valuesOf({ shape: upstream.shape }, 99) : [];
  return { graph, inputs, results, upstream, gradients: upstream ? gradients : {}, values, weights };
}

function valuesOf(input: CaseInput, salt: number): number[] {
  const length = input.shape.reduce((size, axis) => size * axis, 1);
  return Array.from({ length }, (_, index) => (input.values ?? ((i) => noise(i, salt)))(index));
}

async function execute(recorded: Recorded, runtime: Runtime, values = recorded.values): Promise<Map<string, Data>> {
  const { graph, inputs, results, upstream, gradients } = recorded;
  const plan = await runtime.compile({ launches: graph.launches }, { keepAll: true });
  for (const [name, tensor] of Object.entries(inputs)) {
    runtime.write(tensor, values[name]);
  }
  if (upstream) runtime.write(upstream, recorded.weights);
  await plan.run();
  const read = new Map<string, Data>();
  for (const [index, tensor] of results.entries()) read.set(`result ${index}`, await plan.read(tensor));
  for (const [name, tensor] of Object.entries(gradients)) read.set(`gradient of ${name}`, await plan.read(tensor));
  plan.destroy();
  runtime.release([...plan.launches.flatMap(({ bindings }) => Object.values(bindings).map(({ storage }) => storage))]);
  return read;
}

function compare(name: string, actual: Data, expected: Data, tolerance: number): string | null {
  if (actual.length !== expected.length) return `${name}: expected ${expected.length} elements, got ${actual.length}`;
  let largest = 0;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const allowed = expected instanceof Uint32Array ? 0 : tolerance * Math.max(largest, 1e-3);
  for (let i = 0; i < expected.length; i++) {
    // Infinities are equal to themselves; NaN is right nowhere.
    const isEqual = actual[i] === expected[i] || Math.abs(actual[i] - expected[i]) <= allowed;
    if (!isEqual) return `${name}[${i}]: expected ${expected[i]} within ${allowed}, got ${actual[i]}`;
  }
  return null;
}

/** Gradients by central differences of <upstream, result>, at up to 24 elements of each input. */
async function compareDifferences(opCase: OpCase, recorded: Recorded, oracle: Map<string, Data>): Promise<string[]> {
  const { upstream, gradients, weights } = recorded;
  if (!upstream) return [];
  const failures: string[] = [];
  const project = async (moved: Record<string, number[]>) => {
    const result = (await execute(recorded, createTwinRuntime({ bits: 64 }), moved)).get('result 0')!;
    return Array.from(result).reduce((sum, value, index) => sum + value * weights[index], 0);
  };
  const step = 1e-5;
  for (const name of Object.keys(gradients)) {
    const gradient = oracle.get(`gradient of ${name}`)!;
    const values = recorded.values[name];
    const largest = Array.from(gradient).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    const stride = Math.max(1, Math.ceil(values.length / 24));
    for (let index = 0; index < values.length; index += stride) {
      const at = async (offset: number) => {
        const moved = [...values];
        moved[index] += offset;
        return project({ ...recorded.values, [name]: moved });
      };
      const difference = ((await at(step)) - (await at(-step))) / (2 * step);
      const allowed = (opCase.differenceTolerance ?? 1e-6) * largest;
      if (!(Math.abs(gradient[index] - difference) <= allowed)) {
        failures.push(
          `gradient of ${name}[${index}]: expected the finite difference ${difference} within ${allowed}, got ${gradient[index]}`,
        );
        break;
      }
    }
  }
  return failures;
}
