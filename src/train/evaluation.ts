/**
 * What held-out text costs: the NELBO by stratified counts of masks with weight T / k (SCIENCE 1), or the exact NLL of an
 * autoregressive model, which draws nothing (of block diffusion the sum over blocks); and the standard error over windows.
 */

import { streams, uniformAt } from '../base/random.ts';
import { measureOf, noiseLength } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import { exactLevels } from '../diffusion/noise.ts';
import type { ParameterStorages } from '../nn/parameters.ts';
import type { Plan, Runtime } from '../runtime/runtime.ts';
import type { AnswerScore } from './answers.ts';
import { writeAnswerStart } from './loss.ts';
import { type EvaluationRecording, recordEvaluation } from './recordings.ts';

export interface Evaluation {
  /** What `measureOf` the experiment names, in bits per character. */
  readonly bpc: number;
  /** Standard error of `bpc` over windows. */
  readonly standardError: number;
  /** Tokens of text that were evaluated. */
  readonly tokens: number;
  /** Held-out prompts that were answered exactly, where the text is prompts with answers (`answers.ts`). */
  readonly answers?: AnswerScore;
}

export interface Evaluator {
  /**
   * Evaluates windows (W, T) of tokens, each at `rounds` mask levels, or once where that is exact. Masks depend on the
   * position of a window only, so that two evaluations of one text differ by the weights alone. Windows of prompts with
   * answers come with the positions (W) at which answers begin; the bound is then that of the answers, given their prompts.
   */
  evaluate(
    windows: Uint32Array,
    options: { rounds: number; tokensPerCharacter: number; answerStarts?: Uint32Array },
  ): Promise<Evaluation>;
  readonly plan: Plan;
  destroy(): void;
}

const evaluationSeed = 0x5eed;

/** Compiles the evaluation step for batches of `B` windows. */
export async function createEvaluator(
  runtime: Runtime,
  experiment: Experiment,
  parameters: ParameterStorages,
  B: number,
): Promise<Evaluator> {
  const T = experiment.data.sequenceLength;
  const { isExact } = measureOf(experiment);
  const recorded = recordEvaluation(experiment, parameters, B);
  const plan = await runtime.compile(recorded.recording, { report: [recorded.sampleLoss] });
  return {
    plan,
    evaluate: async (windows, { rounds: wanted, tokensPerCharacter, answerStarts }) => {
      const count = windows.length / T;
      const rounds = isExact ? 1 : wanted;
      const losses = await sampleLosses(runtime, experiment, plan, recorded, windows, { B, rounds, answerStarts });
      const perWindow = new Float64Array(count);
      losses.forEach((loss, index) => {
        perWindow[index % count] += loss / rounds;
      });
      const mean = perWindow.reduce((sum, loss) => sum + loss, 0) / count;
      const squares = perWindow.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
      const bits = tokensPerCharacter / Math.LN2;
      const prompts = answerStarts?.reduce((sum, start) => sum + start, 0) ?? 0;
      const tokens = windows.length - prompts;
      const standardError = count > 1 ? Math.sqrt(squares / (count - 1) / count) : Number.NaN;
      return { bpc: mean * bits, standardError: standardError * bits, tokens };
    },
    destroy: () => {
      plan.destroy();
      runtime.release(Object.values(recorded.inputs).map(({ storage }) => storage));
    },
  };
}

/** Weighted nats per token of every (round, window), round-major. */
async function sampleLosses(
  runtime: Runtime,
  experiment: Experiment,
  plan: Plan,
  { inputs }: EvaluationRecording,
  windows: Uint32Array,
  { B, rounds, answerStarts }: { B: number; rounds: number; answerStarts?: Uint32Array },
): Promise<number[]> {
  const T = experiment.data.sequenceLength;
  const blocks = T / (noiseLength(experiment) ?? T);
  const count = windows.length / T;
  const losses: number[] = [];
  for (let first = 0; first < count * rounds; first += B) {
    const samples = Array.from({ length: B }, (_, b) => Math.min(first + b, count * rounds - 1));
    const times = samples.flatMap((sample) =>
      Array.from({ length: blocks }, (_, block) => {
        // One level per stratum of the unit interval for each round, shifted from window to window and block to block.
        const shift =
          (uniformAt(evaluationSeed, streams.evaluate, 0, 0) + (sample % count) / count + block / blocks) % 1;
        return (Math.floor(sample / count) + shift) / rounds;
      }),
    );
    const starts = answerStarts && Uint32Array.from(samples, (sample) => answerStarts[sample % count]);
    const levels = exactLevels(
      experiment,
      times,
      starts?.map((start) => T - start),
    );
    const x0 = new Uint32Array(B * T);
    samples.forEach((sample, b) => {
      const at = (sample % count) * T;
      x0.set(windows.subarray(at, at + T), b * T);
    });
    runtime.write(inputs.x0, x0);
    writeAnswerStart(runtime, inputs, starts);
    if (levels) {
      runtime.write(inputs.level, levels.level);
      runtime.write(inputs.weight, levels.weight);
    }
    runtime.write(inputs.draw, [evaluationSeed, first]);
    const [sampleLoss] = await plan.run();
    for (let b = 0; b < Math.min(B, count * rounds - first); b++) {
      const ofBlocks = Array.from(sampleLoss.subarray(b * blocks, (b + 1) * blocks));
      losses.push(ofBlocks.reduce((sum, loss) => sum + loss, 0) / blocks);
    }
  }
  return losses;
}
