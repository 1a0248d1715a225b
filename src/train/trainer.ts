/**
 * A run: the compiled training step, the counters that drive it, and its state. One call of `advance` is one step.
 * Not here: when to step, pause or validate (`trainingLoop.ts`), or where checkpoints go.
 */
import type { Experiment } from '../config/schema.ts';
import { stepLevels } from '../diffusion/noise.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters, initialParameters, type ParameterStorages } from '../nn/parameters.ts';
import { packHyper } from '../ops/hyper.ts';
import type { Range, Storage } from '../runtime/recording.ts';
import type { Plan, Runtime } from '../runtime/runtime.ts';
import { hashOfSnapshot, type Snapshot } from './checkpoint.ts';
import { writeAnswerStart } from './loss.ts';
import { type RouterStatistics, routerStatistics } from './metrics.ts';
import { recordTraining } from './recordings.ts';
import { hyperAt } from './schedule.ts';

export interface StepReport extends RouterStatistics {
  /** Steps done, this one included. */
  readonly step: number;
  /** Loss of the batch in nats per token, balance losses left out. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
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
  const { model, training, data } = experiment;
  const layout = layoutOf(model, vocabularySize);
  const parameters = declareParameters(layout);
  const recorded = recordTraining(experiment, parameters, { given: given !== null });
  const { inputs } = recorded;
  const plan = await runtime.compile(recorded.recording, {
    report: [recorded.loss, recorded.clip, ...recorded.asked, ...recorded.held],
    onProgress,
  });
  const whole = (storage: Storage): Range => ({ storage, offset: 0, length: storage.length });
  const state = [parameters.parameter, parameters.moment1, parameters.moment2, parameters.average];
  const initial = weights ?? initialParameters(layout, model.layers, model.initStd, training.seed);
  runtime.write(whole(parameters.parameter), initial);
  runtime.write(whole(parameters.average), initial);
  let step = 0;

  const snapshot = async (): Promise<Snapshot> => {
    const at = step;
    const [parameter, moment1, moment2, average] = (await runtime.read(state.map(whole))) as Float32Array[];
    return { step: at, parameter, moment1, moment2, average };
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
      const lengths = answerStart?.map((start) => data.sequenceLength - start);
      const levels = stepLevels(experiment, step, lengths);
      runtime.write(inputs.x0, x0);
      writeAnswerStart(runtime, inputs, answerStart);
      if (levels) {
        runtime.write(inputs.level, levels.level);
        runtime.write(inputs.weight, levels.weight);
      }
      if (given) {
        runtime.write(recorded.xt, given.xt);
        if (recorded.maskKey && given.maskKey) runtime.write(recorded.maskKey, given.maskKey);
        runtime.write(inputs.weight, given.weight);
      }
      runtime.write(inputs.draw, [training.seed, step]);
      runtime.write(inputs.hyper, packHyper(hyperAt(training, step)));
      const done = ++step;
      const [loss, clip, ...starts] = await plan.run();
      const layers = recorded.asked.length;
      const statistics = routerStatistics(starts.slice(0, layers), starts.slice(layers));
      return { step: done, loss: loss[0], gradNorm: clip[0], ...statistics };
    },
    snapshot,
    restore: (snapshot) => {
      runtime.write(whole(parameters.parameter), snapshot.parameter);
      runtime.write(whole(parameters.moment1), snapshot.moment1);
      runtime.write(whole(parameters.moment2), snapshot.moment2);
      runtime.write(whole(parameters.average), snapshot.average);
      step = snapshot.step;
    },
    stateHash: async () => hashOfSnapshot(await snapshot()),
    destroy: () => {
      plan.destroy();
      runtime.release([...state, parameters.gradient, ...Object.values(inputs).map(({ storage }) => storage)]);
    },
  };
}
