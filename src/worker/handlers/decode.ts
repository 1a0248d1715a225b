/** Commands that run a model once: decoding, and looking into its routes. Both work while a run trains. */

import { turn } from '../../base/turn.ts';
import { type ModelRef, placeOf } from '../../config/modelRef.ts';
import { decode, mostCalls, tokensPerCall } from '../../diffusion/decode.ts';
import { decodingOf, type Model, promptTokens } from '../../model/model.ts';
import { promptsOf } from '../../train/text.ts';
import { textOfModel } from '../modelText.ts';
import type { DecodeRequest } from '../protocol.ts';
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
        const { interventions = [] } = request;
        return { ...begun, network: routedDenoiser(models, ref, model, { T: begun.start.length, interventions }) };
      });
      const calls = mostCalls(start, options);
      let last = { call: 0, tokens: start };
      for await (const frame of decode(network.denoise, start, options)) {
        if (mine !== latest) break;
        // The frame's arrays move to the page; the last tokens are still needed here.
        last = { call: frame.call, tokens: frame.tokens.slice() };
        emit({ kind: 'frame', model: ref, frame: { ...frame, calls } });
        // So that a cancel is heard and training goes on.
        await turn();
      }
      const routes = network.routes(last.tokens);
      const text = tokenizer.decode(last.tokens);
      return { text, calls: last.call, tokensPerCall: tokensPerCall(start, last), routes };
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
  const heldOut = request.prompt === '' ? heldOutPrompts(engine, request.model) : null;
  const start = heldOut?.(request.seed).subarray(0, length) ?? promptTokens(model, request.prompt, length);
  const { decoder, steps, temperature, topK, topP, seed } = request;
  return { tokenizer, start, options: decodingOf(model, { decoder, steps, temperature, topK, topP, seed }) };
}

function heldOutPrompts({ scheduler }: Engine, ref: ModelRef) {
  const session = scheduler.session();
  const place = placeOf(ref);
  return session && place.kind === 'run' && place.id === session.identity.id ? promptsOf(session.text) : null;
}
