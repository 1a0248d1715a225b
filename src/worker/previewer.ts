/**
 * Denoises one sequence after another with a model's weights of the moment, one network call at a time: what the
 * *Train* view shows while nobody asks for anything. The bundled model's expert load comes with it.
 */
import { deferred } from '../base/deferred.ts';
import { decodersFor } from '../config/decoders.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { type Denoise, decode, mostCalls } from '../diffusion/decode.ts';
import type { ForwardResult } from '../model/forwardPass.ts';
import { decodingOf, type Model } from '../model/model.ts';
import type { Tenant } from './deviceBroker.ts';
import type { Models } from './models.ts';
import { loadOf } from './routes.ts';
import type { Telemetry } from './telemetry.ts';

export interface PreviewSource {
  readonly model: ModelRef;
  readonly trainedSteps: number;
  /** What to fill in, masks included, by the number of the sequence; a window of nothing but masks where it is left out. */
  readonly startAt?: (sequence: number) => Uint32Array;
}

/** Network calls per sequence, where the decoder leaves the choice; milliseconds between two calls, and before the next sequence. */
const steps = 24;
const callInterval = 160;
const rest = 2500;

export interface PreviewerOptions {
  readonly models: Pick<Models, 'use'>;
  readonly emit: (telemetry: Telemetry) => void;
  /** What to preview now; asked before every sequence. Null while there is nothing to show. */
  readonly sourceOf: () => PreviewSource | null;
}

/** Previews for as long as it has a device. Its weights are lent call by call, so that it holds nobody up. */
export function createPreviewer(options: PreviewerOptions): Tenant {
  return new Previewer(options);
}

class Previewer implements Tenant {
  readonly #options: PreviewerOptions;
  /** Grows whenever the device comes or goes: what an earlier stay began ends. */
  #stay = 0;
  #current: Promise<void> = Promise.resolve();
  #pausing = deferred<void>();

  constructor(options: PreviewerOptions) {
    this.#options = options;
  }

  async enter(): Promise<void> {
    this.#stay += 1;
    this.#current = this.#preview(this.#stay);
  }

  async leave(canRead: boolean): Promise<void> {
    this.#stay += 1;
    this.#pausing.resolve();
    // On a device that is gone the call under way may never answer.
    if (canRead) await this.#current;
  }

  async #preview(stay: number): Promise<void> {
    const isCurrent = () => stay === this.#stay;
    for (let seed = 1; isCurrent(); seed++) {
      const source = this.#options.sourceOf();
      // A model that goes away in the middle of its sequence is no news: its run or its device says what happened.
      if (source) await this.#previewOne(source, seed, isCurrent).catch(() => {});
      if (isCurrent()) await this.#pause(source ? rest : callInterval);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    this.#pausing = deferred();
    const timer = setTimeout(this.#pausing.resolve, milliseconds);
    return this.#pausing.promise.finally(() => clearTimeout(timer));
  }

  async #previewOne(source: PreviewSource, seed: number, isCurrent: () => boolean): Promise<void> {
    const { models, emit } = this.#options;
    const { model: ref, trainedSteps, startAt } = source;
    const { start, options, experiment } = await models.use(ref, async (model) => beginning(model, seed, startAt));
    const T = start.length;
    let last: ForwardResult | null = null;
    const denoise: Denoise = async ([xt]) => {
      last = await models.use(ref, async (model) => (await model.forward(1, T)).run(xt));
      return [last.logits];
    };
    const calls = mostCalls(start, options);
    for await (const frame of decode(denoise, start, options)) {
      if (!isCurrent()) return;
      emit({ kind: 'preview', model: ref, trainedSteps, frame: { ...frame, calls } });
      // A run tells the load of its steps itself.
      const shown = last as ForwardResult | null;
      if (ref === 'bundled' && shown && shown.layers.length > 0)
        emit(loadMessage(ref, frame.call, shown, experiment.model.experts));
      // Many calls of little consequence each pass faster.
      await this.#pause(callInterval * Math.min(1, steps / calls));
      if (!isCurrent()) return;
    }
  }
}

function loadMessage(model: ModelRef, step: number, { layers }: ForwardResult, experts: number): Telemetry {
  const load = { ...loadOf(layers, experts), dropRate: new Float32Array(0) };
  return { kind: 'load', model, step, layers: layers.length, experts, ...load };
}

/** What a sequence starts from, and how it is decoded. */
function beginning(model: Model, seed: number, startAt: PreviewSource['startAt']) {
  const { maskId, experiment } = model;
  const start = startAt?.(seed) ?? new Uint32Array(experiment.data.sequenceLength).fill(maskId);
  const [decoder] = decodersFor(experiment.objective.kind);
  const options = decodingOf(model, decoder, { 'decode.steps': steps, 'decode.temperature': 0.7, 'decode.seed': seed });
  return { start, options, experiment };
}
