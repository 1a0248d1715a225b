/** Commands that run a model once: decoding, and looking into its routes. Both work while a run trains. */

import { DataError } from '../../base/errors.ts';
import { turn } from '../../base/turn.ts';
import { corpusKind } from '../../config/corpusKinds.ts';
import { type ModelRef, placeOf } from '../../config/modelRef.ts';
import {
  type DecodeStep,
  type Denoise,
  decodeSteps,
  frameAt,
  mostCalls,
  noCalls,
  sequencesPerCall,
  tokensPerCall,
} from '../../diffusion/decode.ts';
import { begin, planOf, type Sequence } from '../../diffusion/progress.ts';
import { traceFormat, traceStep } from '../../diffusion/trace.ts';
import { decodingOf, denoiserOf, type Model, promptTokens } from '../../model/model.ts';
import { promptsOf } from '../../train/text.ts';
import type { DecodeReason, DecodeRequest } from '../protocol.ts';
import { routesOf } from '../routes.ts';
import { textOfRun } from '../states.ts';
import type { Engine, Handlers } from './handlers.ts';

export function decodeHandlers(engine: Engine): Handlers<'decode' | 'cancelDecode' | 'routes'> {
  const { models, emit } = engine;
  const passages = new Map<ModelRef, Uint32Array>();
  let latest = 0;
  return {
    decode: async (request) => {
      const mine = ++latest;
      const { model: ref } = request;
      const { tokenizer, start, options } = await models.use(ref, async (model) => beginning(engine, model, request));
      // Asked for anew at every call: a model that moves, or a run that ends, is followed.
      const denoise: Denoise = (sequences) =>
        models.use(ref, async (model) => (await denoiserOf(model, start.length, sequencesPerCall(options)))(sequences));
      const calls = mostCalls(start, options);
      const tell = (sequence: Sequence, call: number, reason: DecodeReason) =>
        emit({ kind: 'frame', model: ref, frame: { ...frameAt(sequence, call), calls }, reason });
      const first = begin(start, planOf(start, options));
      let last: Pick<DecodeStep, 'progress' | 'counts'> = { progress: first, counts: noCalls };
      tell(first, 0, null);
      for await (const step of decodeSteps(denoise, start, options)) {
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
      const passage = text === '' ? (known ?? (await passageOf(engine, ref))) : new Uint32Array();
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

/**
 * A window of held-out text: of the run in progress its own, of other models that of their corpus. Throws `DataError` for
 * a model whose text is not here.
 */
async function passageOf(engine: Engine, ref: ModelRef): Promise<Uint32Array> {
  const { scheduler, storage, checkpointOf, textOf } = engine;
  const session = scheduler.session();
  const place = placeOf(ref);
  if (session && place.kind === 'run' && place.id === session.identity.id) return session.text.validationWindows(1);
  const { experiment, tokenizer } = await checkpointOf(ref);
  const isOwn = corpusKind(experiment.data.corpus).isOwn;
  const own = isOwn && place.kind === 'run' ? await textOfRun(storage(), place.id) : null;
  if (isOwn && own === null)
    throw new DataError(
      'text: expected one to look into, as this model learned from a text that is not kept, got none',
    );
  return (await textOf(experiment, own, tokenizer)).validationWindows(1);
}
