/** Measurements of routes in the worker: while a run trains, on the weights of one moment, with progress and cancel. */
import { describe, expect, it } from 'vitest';
import { parseIntervention } from '../../src/config/interventions.ts';
import { runRef } from '../../src/config/modelRef.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { buildAtlas, fingerprintOfWeights } from '../../src/lab/atlas.ts';
import { windowsPerCall } from '../../src/lab/network.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import type { Checkpoint } from '../../src/model/weights.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { heldOut } from '../../src/train/text.ts';
import { routingHandlers } from '../../src/worker/handlers/routing.ts';
import { routesOf } from '../../src/worker/routes.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { tinyText } from '../support/tinyRun.ts';
import { openTab, type Tab } from './world.ts';

const until = (holds: () => boolean) => expect.poll(holds, { interval: 2, timeout: 20_000 }).toBe(true);
const stepOf = ({ scheduler }: Tab) => scheduler.session()?.state().step ?? 0;
const long = { 'training.steps': 100_000 };
const intervene = (...texts: string[]) => texts.map((text) => parseIntervention(text, 'x'));

async function training(settings: Record<string, string | number> = {}) {
  const tab = await openTab();
  const { run } = await tab.train({ ...long, ...settings });
  await until(() => stepOf(tab) >= 2);
  const told: Telemetry[] = [];
  /** What the handlers have read of the model. */
  const read: Checkpoint[] = [];
  /** Texts that were tokenized for them. */
  const tokenized: Experiment[] = [];
  const { models, scheduler, files, storage } = tab;
  const handlers = routingHandlers({
    models,
    scheduler,
    files,
    storage: () => storage,
    emit: (message) => told.push(message),
    checkpointOf: async (ref) => {
      const checkpoint = await models.checkpointOf(ref);
      read.push(checkpoint);
      return checkpoint;
    },
    textOf: async (experiment) => {
      tokenized.push(experiment);
      return tinyText(experiment);
    },
    corpusOf: async () => null,
  });
  const of = <K extends Telemetry['kind']>(kind: K) =>
    told.filter((one) => one.kind === kind) as Extract<Telemetry, { kind: K }>[];
  return { tab, model: runRef(run), handlers, of, read, tokenized };
}

describe('while a run trains', () => {
  it('an atlas is built call by call, of the weights of the moment at which it began', async () => {
    const { tab, model, handlers, of, read, tokenized } = await training();
    const building = handlers.buildAtlas({ model, windows: 8, seed: 4 });
    const before = stepOf(tab);
    const { atlas } = await building;
    expect(stepOf(tab)).toBeGreaterThan(before);
    expect(of('routingProgress').map(({ done }) => done)).toEqual([2, 4, 6, 8]);
    expect(of('routingProgress')[0]).toMatchObject({ model, task: 'atlas', of: 8 });
    // The run has gone on since; alone on a device the weights of that moment give the same atlas.
    const [{ weights, experiment, tokenizer }] = read;
    expect((await tab.models.checkpointOf(model)).weights).not.toEqual(weights);
    const alone = modelOfWeights(createTwinRuntime(), experiment, tokenizer, weights);
    const pass = await alone.forward(windowsPerCall(experiment, tokenizer.maskId + 1), 16);
    const options = {
      ...{ text: heldOut(tinyText(experiment), 8), about: atlas!.text, domains: [], seed: 4 },
      ...{ created: atlas!.created, onProgress: () => {} },
    };
    expect(atlas).toEqual(await buildAtlas({ experiment, tokenizer, weights }, pass, options));
    expect(atlas!.model.weights).toBe(fingerprintOfWeights(weights));
    // The run has its text already.
    expect(tokenized).toEqual([]);
    expect(tab.files.size).toBe(0);
    await tab.scheduler.session()!.stop();
    await expect.poll(() => tab.broker.runtime().memory().bytes).toBe(0);
  });

  it('costs are paired: a change that is none costs exactly nothing, though the run learns on', async () => {
    const { tab, model, handlers, of } = await training({ 'model.feedForward': 'token-choice' });
    const request = { model, windows: 10, rounds: 2 };
    const before = stepOf(tab);
    const { loss } = await handlers.interventionCost({ ...request, interventions: intervene('clamp:0.1=1') });
    expect(stepOf(tab)).toBeGreaterThan(before);
    expect(loss!.difference).toEqual({ value: 0, standardError: 0 });
    // 20 samples twice, two per call.
    const told = of('routingProgress').map(({ done, of }) => [done, of]);
    expect(told).toEqual(Array.from({ length: 20 }, (_, call) => [2 * call + 2, 40]));
    const { loss: changed } = await handlers.interventionCost({ ...request, interventions: intervene('ablate:0.1') });
    expect(changed!.difference.value).not.toBe(0);
    expect(changed!.without.value).toBeGreaterThan(1);
    await tab.scheduler.session()!.stop();
  });

  it('costs of experts come one by one, and a cancel ends them', async () => {
    const { tab, model, handlers, of } = await training();
    const request = { model, windows: 4, rounds: 1, layer: 0 };
    const { costs } = await handlers.expertCosts(request);
    expect(costs).toHaveLength(4);
    // Otherwise an exchange of experts would not show.
    expect(new Set(costs!.map(({ difference }) => difference.value)).size).toBe(4);
    expect(of('expertCost').map(({ expert, loss }) => [expert, loss])).toEqual(
      costs!.map((loss, expert) => [expert, loss]),
    );
    expect(of('routingProgress').at(-1)).toMatchObject({ task: 'cost', done: 20, of: 20 });
    const measuring = handlers.expertCosts({ ...request, windows: 20 });
    await until(() => of('expertCost').length > 4);
    await handlers.cancelRouting({});
    expect(await measuring).toEqual({ costs: null });
    expect(of('expertCost').length).toBeLessThan(8);
    // The next one ends the one before.
    const first = handlers.buildAtlas({ model, windows: 20, seed: 1 });
    const second = handlers.buildAtlas({ model, windows: 4, seed: 1 });
    expect((await first).atlas).toBeNull();
    expect((await second).atlas!.windows.masks).toHaveLength(4);
    expect(tab.files.size).toBe(0);
    await tab.scheduler.session()!.stop();
  });
});

it('a run that has ended is measured as it was left', async () => {
  const { tab, model, handlers } = await training();
  await tab.scheduler.session()!.stop();
  const { atlas } = await handlers.buildAtlas({ model, windows: 4, seed: 1 });
  const [{ id }] = await tab.library.list();
  expect(runRef(id)).toBe(model);
  expect(atlas!.model.weights).toBe(fingerprintOfWeights((await tab.library.read(id)).weights));
  expect(tab.files.size).toBe(0);
});

it('files are opened, of anyone or of one model', async () => {
  const { tab, model, handlers } = await training();
  await tab.scheduler.session()!.pause();
  const { atlas } = await handlers.buildAtlas({ model, windows: 4, seed: 1 });
  const file = { text: JSON.stringify(atlas), name: 'atlas.json' };
  expect(await handlers.openAtlas({ ...file, model })).toEqual({ atlas, isOfModel: true });
  const other = JSON.stringify({ ...atlas, model: { ...atlas!.model, weights: '00000000' } });
  expect(await handlers.openAtlas({ ...file, text: other, model })).toMatchObject({ isOfModel: false });
  await expect(handlers.openAtlas({ text: '{}', name: 'a.json', model })).rejects.toThrow(
    /^a\.json: expected an atlas of format/,
  );
  await tab.scheduler.session()!.stop();
});

it('what cannot be measured is said in one sentence', async () => {
  const { tab, model, handlers } = await training();
  const request = { model, windows: 4, rounds: 1 };
  for (const windows of [1, 4097, 2.5]) {
    await expect(handlers.buildAtlas({ model, windows, seed: 1 })).rejects.toThrow(
      /^windows: expected a whole number from 2 to 4096, got /,
    );
  }
  await expect(handlers.expertCosts({ ...request, rounds: 0, layer: 0 })).rejects.toThrow(/^rounds: expected/);
  await expect(handlers.expertCosts({ ...request, layer: 1 })).rejects.toThrow(
    /^ablate:1\.0: expected a layer with experts, 0 to 0, got 1$/,
  );
  await expect(handlers.interventionCost({ ...request, interventions: intervene('ablate:0.7') })).rejects.toThrow(
    /expected an expert from 0 to 3/,
  );
  await expect(handlers.interventionCost({ ...request, interventions: intervene('freeze') })).rejects.toThrow(
    'freeze: expected a decode, whose calls follow each other, got held-out windows',
  );
  await tab.scheduler.session()!.stop();
  const dense = await training({ 'model.feedForward': 'dense' });
  await expect(dense.handlers.buildAtlas({ model: dense.model, windows: 4, seed: 1 })).rejects.toThrow(
    'atlas: expected a model with experts, got a dense one',
  );
  await dense.tab.scheduler.session()!.stop();
});

it('routes are told under interventions', async () => {
  const { tab, model } = await training();
  const request = { model, text: 'the quick brown ', maskRatio: 0.4, seed: 3 };
  const [plain, changed] = await tab.models.use(model, async (lent) => [
    await routesOf(lent, request, new Uint32Array()),
    await routesOf(lent, { ...request, interventions: intervene('ablate:0.2') }, new Uint32Array()),
  ]);
  expect(plain.load[2]).toBeGreaterThan(0);
  expect([...changed.load]).toEqual([plain.load[0], plain.load[1], 0, plain.load[3]]);
  await tab.scheduler.session()!.stop();
});
