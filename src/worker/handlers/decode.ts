/** Commands that run a model once: decoding, and looking into its routes. Both work while a run trains. */

import { turn } from '../../base/turn.ts';
import { type ModelRef, placeOf } from '../../config/modelRef.ts';
import { type DecodeStep, decodeSteps, frameAt, mostCalls, noCalls, tokensPerCall } from '../../diffusion/decode.ts';
import { begin, planOf, type Sequence } from '../../diffusion/progress.ts';
import { traceFormat, traceStep } from '../../diffusion/trace.ts';
import { decodingOf, type Model, promptTokens } from '../../model/model.ts';
import { promptsOf } from '../../train/text.ts';
import { textOfModel } from '../modelText.ts';
import type { DecodeReason, DecodeRequest } from '../protocol.ts';
import { routedDenoiser } from '../routedDenoiser.ts';
import { routesOf } from '../routes.ts';
import type { Engine, Handlers } from './handlers.ts';

export function decodeHandlers(engine: Engine): Handlers<'decode' | 'cancelDecode' | 'routes'> {
  const { models, emit } = engine;
  const passages = new Map<ModelRef, Uint32Array>();
  let latest = 0;
  return {
    decode: async (request) => {
      const mine = ++latest;
      const { model: ref } = request;
      const { tokenizer, start, options, network } = await models.use(ref, async (model) => {
        const begun = beginning(engine, model, request);
        const { settings } = begun.options;
        const routed = { T: begun.start.length, interventions: request.interventions ?? [], settings };
        return { ...begun, network: routedDenoiser(models, ref, model, routed) };
      });
      const calls = mostCalls(start, options);
      const tell = (sequence: Sequence, call: number, reason: DecodeReason) =>
        emit({ kind: 'frame', model: ref, frame: { ...frameAt(sequence, call), calls }, reason });
      const first = begin(start, planOf(start, options));
      let last: Pick<DecodeStep, 'progress' | 'counts'> = { progress: first, counts: noCalls };
      tell(first, 0, null);
      for await (const step of decodeSteps(network.denoise, start, options)) {
        if (mine !== latest) break;
        last = step;
        tell(step.progress, step.counts.calls, traceStep(step));
        // So that a cancel is heard and training goes on.
        await turn();
      }
      const { tokens } = last.progress;
      const model = { name: ref, vocabulary: options.maskId, checksum: null };
      return {
        ...last.counts,
        text: tokenizer.decode(tokens),
        routes: network.routes(tokens),
        tokensPerCall: tokensPerCall(start, { call: last.counts.calls, tokens }),
        trace: { format: traceFormat, model, settings: options.settings, start: [...start] },
      };
    },
    cancelDecode: async () => {
      latest++;
      return {};
    },
    routes: async (request) => {
      const { model: ref, text } = request;
      const known = passages.get(ref);
      const passage =
        text === '' ? (known ?? (await textOfModel(engine, ref)).validationWindows(1)) : new Uint32Array();
      // Reading a corpus with a model's tokenizer takes its time: once is enough.
      if (text === '') passages.set(ref, passage);
      return models.use(ref, async (model) => routesOf(model, request, passage));
    },
  };
}

/** What a decode starts from. Without a prompt, a run that learns answers gets a held-out one to answer. */
function beginning(engine: Engine, model: Model, request: DecodeRequest) {
  const { tokenizer, experiment } = model;
  const length = Math.min(request.length, experiment.data.sequenceLength);
  const options = decodingOf(model, request.decoder, request.changes);
  const heldOut = request.prompt === '' ? heldOutPrompts(engine, request.model) : null;
  const { seed } = options.settings;
  const start = heldOut?.(seed).subarray(0, length) ?? promptTokens(model, request.prompt, length);
  return { tokenizer, start, options };
}

function heldOutPrompts({ scheduler }: Engine, ref: ModelRef) {
  const session = scheduler.session();
  const place = placeOf(ref);
  return session && place.kind === 'run' && place.id === session.identity.id ? promptsOf(session.text) : null;
}
