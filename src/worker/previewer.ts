/**
 * Denoises one sequence after another with a model's weights of the moment, one network call at a time: what the
 * *Train* view shows while nobody asks for anything. The bundled model's expert load comes with it.
 */
import { decodersFor } from '../config/decoders.ts';
import { decode, mostCalls } from '../diffusion/decode.ts';
import type { LayerDecision } from '../model/forwardPass.ts';
import { decodingOf, type Model } from '../model/model.ts';
import type { Weights } from './protocol.ts';
import { loadOf } from './routes.ts';
import type { Telemetry } from './telemetry.ts';

export interface Previewer {
  start(): void;
  /** Resolves when no call of the network is under way. */
  stop(): Promise<void>;
}

export interface PreviewSource {
  readonly weights: Weights;
  readonly model: Model;
  readonly trainedSteps: number;
  /** What to fill in, masks included, by the number of the sequence; a window of nothing but masks where it is left out. */
  readonly startAt?: (sequence: number) => Uint32Array;
}

/** Network calls per sequence, where the decoder leaves the choice; milliseconds between two calls, and before the next sequence. */
const steps = 24;
const callInterval = 160;
const rest = 2500;

/** `sourceOf` answers what to preview now; it is asked before every sequence. */
export function createPreviewer(emit: (telemetry: Telemetry) => void, sourceOf: () => PreviewSource | null): Previewer {
  let generation = 0;
  let current: Promise<void> = Promise.resolve();
  let endPause = () => {};
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      endPause = resolve;
      setTimeout(resolve, milliseconds);
    });

  const previewOne = async (source: PreviewSource, seed: number, isCurrent: () => boolean) => {
    const { weights, model, trainedSteps } = source;
    const { maskId, experiment } = model;
    const T = experiment.data.sequenceLength;
    const pass = await model.forward(1, T);
    let layers: readonly LayerDecision[] = [];
    const denoise = async (xt: Uint32Array) => {
      const result = await pass.run(xt);
      layers = result.layers;
      return result.logits;
    };
    const start = source.startAt?.(seed) ?? new Uint32Array(T).fill(maskId);
    const [decoder] = decodersFor(experiment.objective.kind);
    const options = decodingOf(model, { decoder, steps, temperature: 0.7, topK: 10, topP: 0.9, seed });
    const calls = mostCalls(start, options);
    for await (const frame of decode(denoise, start, options)) {
      if (!isCurrent()) return;
      emit({ kind: 'preview', weights, trainedSteps, frame: { ...frame, calls } });
      if (weights === 'pretrained' && layers.length > 0) {
        const { experts } = experiment.model;
        const drops = { dropRate: new Float32Array(0) };
        emit({ kind: 'load', step: frame.call, layers: layers.length, experts, ...loadOf(layers, experts), ...drops });
      }
      // Many calls of little consequence each pass faster.
      await pause(callInterval * Math.min(1, steps / calls));
      if (!isCurrent()) return;
    }
  };
  const loop = async (mine: number) => {
    const isCurrent = () => mine === generation;
    for (let seed = 1; isCurrent(); seed++) {
      const source = sourceOf();
      if (source) await previewOne(source, seed, isCurrent);
      await pause(source ? rest : callInterval);
    }
  };

  return {
    start: () => {
      // A preview that fails leaves the rest alone: errors of the device are reported by the runtime.
      current = loop(++generation).catch(() => {});
    },
    stop: async () => {
      generation++;
      endPause();
      await current;
    },
  };
}
