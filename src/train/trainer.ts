/**
 * A run: the compiled training step, the counters that drive it, and its state. One call of `advance` is one step.
 * Not here: when to step, pause or validate (`trainingLoop.ts`), or where checkpoints go.
 */
import type { Experiment } from '../config/schema.ts';
import { stepLevels } from '../diffusion/noise.ts';
import { dropsProbe } from '../model/probes/drops.ts';
import { gradientNormProbe } from '../model/probes/gradientNorm.ts';
import { loadProbe, maxViolation } from '../model/probes/load.ts';
import { recordProbes } from '../model/probes/probe.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters, initialParameters, type ParameterStorages } from '../nn/parameters.ts';
import { packHyper } from '../ops/hyper.ts';
import type { Range, Storage } from '../runtime/recording.ts';
import type { Plan, Runtime } from '../runtime/runtime.ts';
import { hashOfSnapshot, type Snapshot } from './checkpoint.ts';
import { writeAnswerStart } from './loss.ts';
import { recordTraining } from './recordings.ts';
import { hyperAt } from './schedule.ts';

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  /** Loss of the batch in nats per token, balance losses left out. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** (layers with experts, E) routes that ask for each expert, dropped ones included. */
  readonly load: Float32Array;
  /** MaxVio per layer with experts: (max - mean) / mean of the load. */
  readonly maxVio: Float32Array;
  /** Share of the routes dropped, per layer with experts; empty where experts hold all that ask for them. */
  readonly dropRate: Float32Array;
}

export interface Trainer {
  readonly experiment: Experiment;
  readonly runtime: Runtime;
  readonly parameters: ParameterStorages;
  readonly plan: Plan;
  /** Steps submitted so far. */
  readonly step: number;
  /**
   * Submits one step on `x0` (B, T) tokens; steps may overlap up to `maxInFlight`. Prompts with answers need
   * `answerStart` (B), the position at which each answer begins.
   */
  advance(x0: Uint32Array, answerStart?: Uint32Array): Promise<StepReport>;
  snapshot(): Promise<Snapshot>;
  restore(snapshot: Snapshot): void;
  /** SHA-256 over parameters, moments and step, as hexadecimal: equal only for bit-equal runs. */
  stateHash(): Promise<string>;
  destroy(): void;
}

/** A batch that was corrupted elsewhere (by a reference), whose steps are repeated exactly. */
export interface GivenBatch {
  /** (B * T) tokens that the network reads. */
  readonly xt: readonly number[];
  /** (B * T) as `NetworkInput`; null for an autoregressive model. */
  readonly maskKey: readonly number[] | null;
  /** (S) weights of the samples. */
  readonly weight: readonly number[];
}

/**
 * Records, compiles and initialises a run over a vocabulary of `vocabularySize` tokens plus the mask, from weights in
 * the order of its layout (`startFrom.ts`) or else from its seed. With `given`, every step sees that batch and draws none.
 */
export async function createTrainer(
  runtime: Runtime,
  experiment: Experiment,
  vocabularySize: number,
  onProgress: (activity: string) => void = () => {},
  weights: Float32Array | null = null,
  given: GivenBatch | null = null,
): Promise<Trainer> {
  const { model, training } = experiment;
  const layout = layoutOf(model, vocabularySize);
  const parameters = declareParameters(layout);
  const recorded = recordTraining(experiment, parameters, { given: given !== null });
  const probes = recordProbes(recorded.graph, {
    load: loadProbe(model.layers),
    drops: dropsProbe(model.layers),
    gradientNorm: gradientNormProbe,
  });
  const plan = await runtime.compile(recorded.recording, {
    report: [recorded.loss, ...probes.ranges],
    onProgress,
  });
  const state = stateOf(runtime, parameters);
  state.begin(weights ?? initialParameters(layout, model.layers, model.initStd, training.seed));
  let step = 0;

  const snapshot = async (): Promise<Snapshot> => {
    const at = step;
    return { step: at, ...(await state.read()) };
  };
  return {
    experiment,
    runtime,
    parameters,
    plan,
    get step() {
      return step;
    },
    advance: async (x0, answerStart) => {
      writeBatch(runtime, recorded, experiment, { step, x0, answerStart, given });
      const done = ++step;
      const [loss, ...arrays] = await plan.run();
      const { load, drops, gradientNorm } = probes.decode(arrays);
      return {
        step: done,
        loss: loss[0],
        gradNorm: gradientNorm,
        load: Float32Array.from(load.flatMap((counts) => [...counts])),
        maxVio: Float32Array.from(load, maxViolation),
        dropRate: Float32Array.from(drops, ({ asked, dropped }) => dropped / asked),
      };
    },
    snapshot,
    restore: (snapshot) => {
      state.write(snapshot);
      step = snapshot.step;
    },
    stateHash: async () => hashOfSnapshot(await snapshot()),
    destroy: () => {
      plan.destroy();
      const read = Object.values(recorded.inputs).map(({ storage }) => storage);
      runtime.release([...state.storages, parameters.gradient, ...read]);
    },
  };
}

/** What a step changes and the next one needs: parameters, moments, averages. */
function stateOf(runtime: Runtime, { parameter, moment1, moment2, average }: ParameterStorages) {
  const storages = [parameter, moment1, moment2, average];
  const whole = (storage: Storage): Range => ({ storage, offset: 0, length: storage.length });
  return {
    storages,
    begin: (weights: Float32Array) => {
      runtime.write(whole(parameter), weights);
      runtime.write(whole(average), weights);
    },
    read: async () => {
      const arrays = (await runtime.read(storages.map(whole))) as Float32Array[];
      return { parameter: arrays[0], moment1: arrays[1], moment2: arrays[2], average: arrays[3] };
    },
    write: (state: Omit<Snapshot, 'step'>) => {
      runtime.write(whole(parameter), state.parameter);
      runtime.write(whole(moment1), state.moment1);
      runtime.write(whole(moment2), state.moment2);
      runtime.write(whole(average), state.average);
    },
  };
}

interface BatchOfStep {
  /** Steps done before. */
  readonly step: number;
  readonly x0: Uint32Array;
  readonly answerStart: Uint32Array | undefined;
  readonly given: GivenBatch | null;
}

/** Writes what a step reads: its batch, mask levels, seed of its random numbers, and rates. */
function writeBatch(
  runtime: Runtime,
  { inputs, xt, maskKey }: ReturnType<typeof recordTraining>,
  experiment: Experiment,
  { step, x0, answerStart, given }: BatchOfStep,
): void {
  const { training, data } = experiment;
  const lengths = answerStart?.map((start) => data.sequenceLength - start);
  const levels = stepLevels(experiment, step, lengths);
  runtime.write(inputs.x0, x0);
  writeAnswerStart(runtime, inputs, answerStart);
  if (levels) {
    runtime.write(inputs.level, levels.level);
    runtime.write(inputs.weight, levels.weight);
  }
  if (given) {
    runtime.write(xt, given.xt);
    if (maskKey && given.maskKey) runtime.write(maskKey, given.maskKey);
    runtime.write(inputs.weight, given.weight);
  }
  runtime.write(inputs.draw, [training.seed, step]);
  runtime.write(inputs.hyper, packHyper(hyperAt(training, step)));
}
