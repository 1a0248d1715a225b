/**
 * Commands that measure the routes of a model over held-out windows: its atlas, and what taking experts away costs. They
 * work while a run trains, one network call at a time, on the weights of the moment at which they began. A new one ends
 * the one before.
 */
import { ConfigError } from '../../base/errors.ts';
import { turn } from '../../base/turn.ts';
import { atlasLimits } from '../../config/atlas.ts';
import { expectInterventions, type Intervention, routedExperiment } from '../../config/interventions.ts';
import { fileRef, type ModelRef } from '../../config/modelRef.ts';
import { parseAtlas } from '../../config/parseAtlas.ts';
import {
  expectMeasurable,
  expertCosts,
  type LossSamples,
  lossSamples,
  pairedLoss,
  windowLosses,
} from '../../lab/ablation.ts';
import { buildAtlas, expectExperts, fingerprintOfWeights } from '../../lab/atlas.ts';
import { windowDomains } from '../../lab/domains.ts';
import { type Network, type OnProgress, windowsPerCall } from '../../lab/network.ts';
import { samplesOf } from '../../lab/samples.ts';
import type { RouteShares } from '../../model/forwardPass.ts';
import { variantRun } from '../../model/variant.ts';
import type { Checkpoint } from '../../model/weights.ts';
import { heldOut, type RunText } from '../../train/text.ts';
import { textOfModel } from '../modelText.ts';
import type { MeasuringRequest } from '../protocol.ts';
import type { Engine, Handlers } from './handlers.ts';

type Names = 'buildAtlas' | 'openAtlas' | 'interventionCost' | 'expertCosts' | 'cancelRouting';

/** What the handlers need of the engine. */
export type RoutingEngine = Pick<
  Engine,
  'models' | 'emit' | 'scheduler' | 'storage' | 'files' | 'checkpointOf' | 'textOf' | 'corpusOf'
>;

/** Thrown to leave a measurement that nobody waits for any more. */
class Cancelled extends Error {}

/** Masks of measured losses are the same every time. */
const lossSeed = 0x5eed;

/** A model whose weights do not change while it is measured. */
interface Subject extends Checkpoint {
  readonly ref: ModelRef;
  readonly text: RunText;
}

export function routingHandlers(engine: RoutingEngine): Handlers<Names> {
  const { emit } = engine;
  let latest = 0;
  /** Runs a measurement until another one begins; null then. */
  const measured = async <T>(
    { model, windows }: MeasuringRequest,
    task: 'atlas' | 'cost',
    measure: (subject: Subject, onProgress: OnProgress) => Promise<T>,
  ): Promise<T | null> => {
    const mine = ++latest;
    if (!(Number.isInteger(windows) && windows >= 2 && windows <= atlasLimits.windows))
      throw new ConfigError(`windows: expected a whole number from 2 to ${atlasLimits.windows}, got ${windows}`);
    const onProgress: OnProgress = async (done, of) => {
      if (mine !== latest) throw new Cancelled();
      emit({ kind: 'routingProgress', model, task, done, of });
      // So that a cancel is heard and training goes on.
      await turn();
    };
    try {
      return await withSubject(engine, model, mine, (subject) => measure(subject, onProgress));
    } catch (error) {
      if (error instanceof Cancelled) return null;
      throw error;
    }
  };
  return {
    buildAtlas: async (request) => ({
      atlas: await measured(request, 'atlas', (subject, onProgress) => atlasOf(engine, subject, request, onProgress)),
    }),
    openAtlas: async ({ text, name, model }) => {
      const atlas = parseAtlas(text, name);
      const { weights } = await engine.checkpointOf(model);
      return { atlas, isOfModel: atlas.model.weights === fingerprintOfWeights(weights) };
    },
    interventionCost: async (request) => ({
      loss: await measured(request, 'cost', async (subject, onProgress) => {
        expectMeasurable(request.interventions);
        const samples = samplesFor(subject, request);
        const of = 2 * samples.samples.length;
        const without = await windowLosses(networkOf(engine, subject, []), samples, (done) => onProgress(done, of));
        const changed = await windowLosses(networkOf(engine, subject, request.interventions), samples, (done) =>
          onProgress(of / 2 + done, of),
        );
        return pairedLoss(without, changed, samples);
      }),
    }),
    expertCosts: async (request) => ({
      costs: await measured(request, 'cost', async (subject, onProgress) => {
        const { layer, model } = request;
        const without = (expert: number | null): Intervention[] =>
          expert === null ? [] : [{ kind: 'ablate', layer, expert }];
        expectExperts(subject.experiment, 'model');
        return expertCosts(
          (expert) => networkOf(engine, subject, without(expert)),
          subject.experiment.model.experts,
          samplesFor(subject, request),
          { onProgress, onCost: (expert, loss) => emit({ kind: 'expertCost', model, layer, expert, loss }) },
        );
      }),
    }),
    cancelRouting: async () => {
      latest++;
      return {};
    },
  };
}

/**
 * A model as it is now. The run in progress goes on learning, so a copy of its weights is opened beside it for as long as the work
 * takes.
 */
async function withSubject<T>(
  engine: RoutingEngine,
  model: ModelRef,
  number: number,
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  const { files, models, scheduler, checkpointOf } = engine;
  const text = await textOfModel(engine, model);
  const checkpoint = await checkpointOf(model);
  const session = scheduler.session();
  if (!session || model !== `run:${session.identity.id}`) return work({ ...checkpoint, ref: model, text });
  const id = `measured-${number}`;
  files.set(id, checkpoint);
  try {
    return await work({ ...checkpoint, ref: fileRef(id), text });
  } finally {
    files.delete(id);
    models.forget(fileRef(id));
  }
}

/** The network of a model with interventions; the model is asked for anew at every call, so that one that moves is followed. */
function networkOf(
  { models }: RoutingEngine,
  { ref, experiment, tokenizer }: Subject,
  interventions: readonly Intervention[],
): Network {
  expectInterventions(interventions, experiment);
  const routed = routedExperiment(experiment, interventions);
  const B = windowsPerCall(experiment, tokenizer.maskId + 1);
  const T = experiment.data.sequenceLength;
  const run = (tokens: Uint32Array, shares: RouteShares) =>
    models.use(ref, async (model) => (await model.forward(B, T, routed)).run(tokens, shares));
  return { B, run: variantRun({ experiment, maskId: tokenizer.maskId }, run, interventions, { B, T }) };
}

function samplesFor(
  { experiment, tokenizer, text }: Subject,
  { windows, rounds }: { windows: number; rounds: number },
): LossSamples {
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1024))
    throw new ConfigError(`rounds: expected a whole number from 1 to 1024, got ${rounds}`);
  const held = heldOut(text, windows);
  const { maskId } = tokenizer;
  return lossSamples(samplesOf(experiment, held, { maskId, rounds, seed: lossSeed }), maskId + 1, held);
}

async function atlasOf(
  engine: RoutingEngine,
  subject: Subject,
  { windows, seed }: { windows: number; seed: number },
  onProgress: OnProgress,
) {
  const { experiment, text } = subject;
  expectExperts(experiment, 'atlas');
  const corpus = await engine.corpusOf(experiment.data.corpus);
  return buildAtlas(subject, networkOf(engine, subject, []), {
    text: heldOut(text, windows),
    about: `Held-out windows of data.corpus "${experiment.data.corpus}". ${text.split}`,
    domains: corpus ? windowDomains(corpus, text.middlesOf(windows)) : [],
    seed,
    created: new Date().toISOString(),
    onProgress,
  });
}
