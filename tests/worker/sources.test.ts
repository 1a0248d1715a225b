/** What a run can start from: the bundled model, the run, a file; and that a model goes out and comes back. */
import { expect, it } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { encodeCheckpoint } from '../../src/model/weights.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createSources } from '../../src/worker/sources.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const experiment = tinyExperiment();
const { tokenizer } = tinyText(experiment);
const weightsOf = (seed: number) =>
  initialParameters(layoutOf(experiment.model, tokenizer.vocabularySize), 1, 0.1, seed);
const modelOf = (seed: number) => modelOfWeights(createTwinRuntime(), experiment, tokenizer, weightsOf(seed));

type Host = Parameters<typeof createSources>[0];
const hostWith = (run: number | null): Host => ({
  pretrained: () => modelOf(1),
  run: () => (run === null ? null : ({ model: () => modelOf(run) } as ReturnType<Host['run']>)),
});

it('takes the weights of the moment', async () => {
  const sources = createSources(hostWith(2));
  expect(await sources.checkpointOf('run')).toMatchObject({ experiment, tokenizer, weights: weightsOf(2) });
  expect((await sources.checkpointOf('pretrained')).weights).toEqual(weightsOf(1));
  expect(sources.tokenizerFor(experiment, 'run')).toBe(tokenizer);
});

it('reads back what was exported, until another file takes its place', async () => {
  const sources = createSources(hostWith(null));
  expect(() => sources.tokenizerFor(experiment, 'imported')).toThrow(
    /^start from: expected a file of weights, got none/,
  );
  const fileOf = (seed: number) => encodeCheckpoint({ experiment, tokenizer, weights: weightsOf(seed) }, 3);
  expect(sources.take(fileOf(3), 'mine.safetensors').experiment).toEqual(experiment);
  expect((await sources.checkpointOf('imported')).weights).toEqual(weightsOf(3));
  expect(sources.tokenizerFor(experiment, 'imported').toJSON()).toEqual(tokenizer.toJSON());
  expect(() => sources.take(new Uint8Array(30), 'noise.safetensors')).toThrow(
    /^noise\.safetensors: expected a safetensors/,
  );
  sources.take(fileOf(4), 'other.safetensors');
  expect((await sources.checkpointOf('imported')).weights).toEqual(weightsOf(4));
});

it('says what does not fit before any text is read', () => {
  const sources = createSources(hostWith(null));
  const wider = withSettings(experiment, { 'model.width': 32 });
  expect(() => sources.tokenizerFor(wider, 'pretrained')).toThrow(
    /^model\.width: expected 16 to start from the bundled model, got 32$/,
  );
  expect(() => sources.tokenizerFor(experiment, 'run')).toThrow(
    /^start from: expected a run that has started, got none/,
  );
});
