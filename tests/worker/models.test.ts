/** Models by name on the device: opened when used, closed when nobody uses them, followed when they move or end. */
import { describe, expect, it } from 'vitest';
import type { ModelRef } from '../../src/config/modelRef.ts';
import { placeOf } from '../../src/config/modelRef.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createModels } from '../../src/worker/models.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const experiment = tinyExperiment();
const { tokenizer } = tinyText(experiment);
const weightsOf = (seed: number) =>
  initialParameters(layoutOf(experiment.model, tokenizer.vocabularySize), 1, 0.1, seed);
const T = 8;
const tokens = new Uint32Array(T).fill(tokenizer.maskId);

/** Models whose weights are their number; `run:9` cannot be read as long as it is said to be broken. */
async function opened() {
  const read: string[] = [];
  const broken = new Set<ModelRef>();
  const models = createModels({
    read: async (place) => {
      const ref = place.kind === 'bundled' ? 'bundled' : (`${place.kind}:${place.id}` as ModelRef);
      read.push(ref);
      if (broken.has(ref)) throw new Error(`${ref} is broken`);
      const seed = place.kind === 'bundled' ? 0 : Number(place.id);
      return { experiment, tokenizer, weights: weightsOf(seed), where: ref };
    },
  });
  const runtime = createTwinRuntime();
  await models.enter(runtime);
  const logitsOf = (ref: ModelRef) =>
    models.use(ref, async (model) => (await (await model.forward(1, T)).run(tokens)).logits);
  return { models, read, broken, runtime, logitsOf };
}
const logitsOn = async (runtime: Runtime, seed: number) => {
  const model = modelOfWeights(runtime, experiment, tokenizer, weightsOf(seed));
  const { logits } = await (await model.forward(1, T)).run(tokens);
  model.destroy();
  return logits;
};

describe('models', () => {
  it('answer with the weights of their name, and are read once', async () => {
    const { logitsOf, read } = await opened();
    const expected = await logitsOn(createTwinRuntime(), 3);
    expect(await logitsOf('run:3')).toEqual(expected);
    expect(await logitsOf('run:3')).toEqual(expected);
    expect(await logitsOf('file:4')).not.toEqual(expected);
    expect(read).toEqual(['run:3', 'file:4']);
  });

  it('that have not been used for long are closed, and give their memory back', async () => {
    const { logitsOf, read, runtime } = await opened();
    for (const id of [1, 2, 3, 4]) await logitsOf(`run:${id}`);
    const full = runtime.memory().bytes;
    await logitsOf('run:1');
    await logitsOf('run:5');
    await expect.poll(() => runtime.memory().bytes).toBe(full);
    await logitsOf('run:1');
    await logitsOf('run:2');
    expect(read).toEqual(['run:1', 'run:2', 'run:3', 'run:4', 'run:5', 'run:2']);
  });

  it('that could not be read are tried anew', async () => {
    const { logitsOf, broken } = await opened();
    broken.add('run:9');
    await expect(logitsOf('run:9')).rejects.toThrow('run:9 is broken');
    broken.clear();
    expect(await logitsOf('run:9')).toEqual(await logitsOn(createTwinRuntime(), 9));
  });

  it('are not closed under somebody who uses them', async () => {
    const { models, runtime } = await opened();
    let go = () => {};
    const using = models.use('run:1', async (model) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return (await (await model.forward(1, T)).run(tokens)).logits;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const leaving = models.leave(true);
    let hasLeft = false;
    void leaving.then(() => {
      hasLeft = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(hasLeft).toBe(false);
    go();
    expect(await using).toEqual(await logitsOn(createTwinRuntime(), 1));
    await leaving;
    expect(runtime.memory().bytes).toBe(0);
  });

  it('wait for the next device where there is none, and open there', async () => {
    const { models, logitsOf, runtime } = await opened();
    await logitsOf('run:1');
    await models.leave(false);
    const waiting = logitsOf('run:1');
    const next = createTwinRuntime();
    await models.enter(next);
    expect(await waiting).toEqual(await logitsOn(createTwinRuntime(), 1));
    expect(next.memory().bytes).toBeGreaterThan(0);
    expect(runtime.memory().bytes).toBeGreaterThan(0); // It was lost: nobody could give anything back.
  });

  it('of the run in progress are its own, and those that it left once it has ended', async () => {
    const { models, logitsOf, runtime, read } = await opened();
    const live = modelOfWeights(runtime, experiment, tokenizer, weightsOf(77));
    await models.publish('5', live);
    expect(await logitsOf('run:5')).toEqual(await logitsOn(createTwinRuntime(), 77));
    expect((await models.checkpointOf('run:5')).weights).toEqual(weightsOf(77));
    expect(read).toEqual([]);
    await models.publish('5', null);
    live.destroy();
    expect(await logitsOf('run:5')).toEqual(await logitsOn(createTwinRuntime(), 5));
    expect((await models.checkpointOf('run:5')).weights).toEqual(weightsOf(5));
  });

  it('let the run go only when nobody uses its weights', async () => {
    const { models, runtime } = await opened();
    const live = modelOfWeights(runtime, experiment, tokenizer, weightsOf(77));
    await models.publish('5', live);
    let go = () => {};
    const using = models.use(
      'run:5',
      () =>
        new Promise<void>((resolve) => {
          go = resolve;
        }),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
    let isFree = false;
    const letting = models.publish('5', null).then(() => {
      isFree = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isFree).toBe(false);
    go();
    await Promise.all([using, letting]);
    expect(isFree).toBe(true);
  });
});

it('names that mean nothing are refused with one sentence', () => {
  for (const ref of ['', 'run:', 'pretrained', 'film:3', 'run'])
    expect(() => placeOf(ref), ref).toThrow(/^model: expected bundled, run:ID or file:ID, got "/);
  expect([placeOf('bundled'), placeOf('run:a:b'), placeOf('file:1')]).toEqual([
    { kind: 'bundled' },
    { kind: 'run', id: 'a:b' },
    { kind: 'file', id: '1' },
  ]);
});
