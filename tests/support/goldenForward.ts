/**
 * Logits and routes of a golden's batch by forward passes alone, as training has them: an autoregressive model is given the
 * tokens that it reads one position later; block diffusion is decoded, one block after another, over clean text.
 */
import { readsCleanText } from '../../src/config/objectives.ts';
import { createForwardPass, type ForwardPass, type ForwardResult } from '../../src/model/forwardPass.ts';
import type { ParameterStorages } from '../../src/nn/parameters.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Golden } from './goldens.ts';

type Values = Map<string, Float32Array | number[]>;

/** Under the names of the golden file; empty where a forward pass cannot know what training saw, and the file has none. */
export async function forwardValues(golden: Golden, runtime: Runtime, parameters: ParameterStorages): Promise<Values> {
  const { experiment } = golden;
  const { objective, data, training } = experiment;
  const [B, T] = [training.batchSize, data.sequenceLength];
  const xt = golden.tensor('input.xt');
  if (!golden.names.includes('logits')) return new Map();
  const pass = await createForwardPass(runtime, experiment, parameters, { B, T });
  const isLast = (n: number) => (n + 1) % T === 0;
  const shifted = objective.kind === 'autoregressive' ? xt.map((_, n) => (isLast(n) ? 0 : xt[n + 1])) : xt;
  const values = readsCleanText(experiment)
    ? await blockByBlock(golden, pass, xt)
    : valuesOf(await pass.run(Uint32Array.from(shifted)));
  pass.destroy();
  return values;
}

function valuesOf({ logits, layers }: ForwardResult): Values {
  const values: Values = new Map([['logits', logits]]);
  for (const { layer, scores, gates } of layers) {
    values.set(`route.${layer}.scores`, scores);
    values.set(`route.${layer}.gates`, gates);
  }
  return values;
}

/** Noisy rows of each block from a call that has clean text before it and masks after; clean rows from one on all of it. */
async function blockByBlock(
  { experiment, vocabularySize, tensor }: Golden,
  { B, T, run }: ForwardPass,
  xt: readonly number[],
): Promise<Values> {
  const { blockSize } = experiment.objective;
  const x0 = tensor('input.x0');
  const clean = valuesOf(await run(Uint32Array.from(x0)));
  const noisy: Values = new Map();
  for (let first = 0; first < T; first += blockSize) {
    const blockOf = (n: number) => Math.floor(((n % T) - first) / blockSize);
    const known = x0.map((token, n) => (blockOf(n) < 0 ? token : blockOf(n) === 0 ? xt[n] : vocabularySize));
    for (const [name, values] of valuesOf(await run(Uint32Array.from(known)))) {
      const kept = noisy.get(name) ?? Array.from(values);
      const width = values.length / (B * T);
      for (let i = 0; i < values.length; i++) if (blockOf(Math.floor(i / width)) === 0) kept[i] = values[i];
      noisy.set(name, kept);
    }
  }
  // Routes are those of all rows that training reads: each noisy sequence, then the same clean.
  const paired = [...noisy].map(([name, values]): [string, number[]] => {
    if (name === 'logits') return [name, Array.from(values)];
    const sequence = (of: ArrayLike<number>, b: number) =>
      Array.from(of).slice((b * of.length) / B, ((b + 1) * of.length) / B);
    const rows = Array.from({ length: B }, (_, b) => [...sequence(values, b), ...sequence(clean.get(name)!, b)]);
    return [name, rows.flat()];
  });
  return new Map(paired);
}
