/**
 * The engine as the page sees it: one handler per command of the protocol. What lives on the runtime is in `host.ts`;
 * everything that computes is below, in `src/train`.
 */
import { ConfigError } from '../base/errors.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import { decode, mostCalls } from '../diffusion/decode.ts';
import { denseMatch } from '../lab/match.ts';
import { studies, studyById } from '../lab/studies.ts';
import { studyResults } from '../lab/studyResults.ts';
import { decodingOf, denoiserOf, type Model, promptTokens } from '../model/model.ts';
import { encodeCheckpoint } from '../model/weights.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import { stepSeconds } from '../run/duration.ts';
import { planMemory } from '../runtime/recording.ts';
import { recordTraining } from '../train/recordings.ts';
import { promptsOf, type RunText } from '../train/text.ts';
import { memoryLimits, queuedRuns, type Wish, wishesOf, wishesOfStudy } from './enqueuing.ts';
import { fetchFile } from './files.ts';
import { createHost } from './host.ts';
import { textFileOf } from './keeper.ts';
import { createLibrary } from './library.ts';
import { awaitLock } from './locks.ts';
import { createMeasurer, measurementsOf } from './measuring.ts';
import { problemOf } from './problems.ts';
import type { CommandName, Commands, RunStatus, TrainRequest, Weights } from './protocol.ts';
import { createQueue } from './queue.ts';
import { adapterOf, machineReport, modelReport, studyReport } from './reports.ts';
import { routesOf } from './routes.ts';
import { createSources } from './sources.ts';
import { createStarter } from './starter.ts';
import { openStorage, type SiteStorage } from './storage.ts';
import type { Telemetry } from './telemetry.ts';
import { createTexts } from './texts.ts';

type Handlers = {
  [N in CommandName]: (argument: Commands[N]['argument']) => Promise<Commands[N]['answer']>;
};

const pretrainedSplit = 'The bundled model: see its configuration.';

/** Creates the engine. `emit` posts telemetry to the page. */
export function createEngine(emit: (telemetry: Telemetry) => void): Handlers {
  const host = createHost(emit, (run) => queue.needs(run.keeper.identity.id));
  let decodeRequest = 0;
  const texts = createTexts(async (path) => (await fetchFile(host.baseUrl(), path)).text());

  let storage: SiteStorage | null = null;
  const stored = () => {
    if (!storage) throw new ConfigError('engine: expected it to be open, got a command before "open"');
    return storage;
  };

  const sources = createSources(host);
  const textOf = async (request: TrainRequest, kept?: ReturnType<Tokenizer['toJSON']>): Promise<RunText> => {
    const { experiment, text, from } = request;
    const bound = from && sources.tokenizerFor(experiment, from);
    return texts.textOf(experiment, text, kept ? tokenizerFromJSON(kept) : bound);
  };
  const modelOf = (weights: Weights): Model => {
    const model = weights === 'run' ? host.run()?.model() : host.pretrained();
    if (!model)
      throw new ConfigError(
        `weights: expected a run that has started, got none; train first or take the bundled model`,
      );
    return model;
  };
  const idle = (): RunStatus => ({
    phase: 'idle',
    backend: host.runtime().kind,
    step: 0,
    steps: 0,
    tokensPerSecond: 0,
    secondsLeft: null,
    activity: 'idle',
    memoryBytes: 0,
  });
  const status = () => host.run()?.status() ?? idle();

  const starter = createStarter({
    host,
    storage: stored,
    emit,
    status,
    textOf,
    checkpointOf: sources.checkpointOf,
    isQueued: async (id) => {
      await queue.refresh();
      return queue.needs(id);
    },
    onEnd: (id) => void queue.ended(id),
  });
  const queue = createQueue({
    storage: stored,
    emit,
    isBusy: host.isBusy,
    start: starter.startQueued,
    measure: createMeasurer({
      storage: stored,
      emit,
      studyOf: studyById,
      textOf,
      checkpointOf: starter.checkpointOf,
      alone: host.alone,
    }),
    failedRecord: ({ from: _, ...run }, problem) => ({
      ...run,
      format: 1,
      status: 'failed',
      problem,
      backend: host.runtime().kind,
      adapter: adapterOf(host.backends(), host.runtime().kind),
      steps: 0,
      training: { step: [], seconds: [], bpc: [] },
      validation: { step: [], seconds: [], bpc: [], standardError: [] },
      measures: {},
    }),
    lock: () => awaitLock('sdlm-queue'),
  });
  const enqueue = async (wishes: readonly Wish[]) => {
    const runs = await queuedRuns(wishes, textOf, memoryLimits(host.backends(), host.runtime().kind));
    for (const [index, { id }] of runs.entries()) {
      const { text } = wishes[index];
      if (text !== undefined) await stored().files.write(textFileOf(id), new TextEncoder().encode(text));
    }
    await queue.add(runs, measurementsOf(runs, studyById));
    return queue.state();
  };
  /** A person's wish comes before the queue, whose run waits for another time; any other run is stopped. */
  const asPerson = async <T>(start: () => Promise<T>): Promise<T> => {
    await queue.setAside();
    const run = host.run();
    if (run && !queue.needs(run.keeper.identity.id)) await host.stop();
    return start().finally(queue.proceed);
  };

  return {
    open: async ({ baseUrl, backend }) => {
      storage = await openStorage();
      await host.open(baseUrl, storage, backend);
      const { experiment, tokenizer } = host.pretrained();
      const machine = { ...machineReport(host.backends()), chosen: host.runtime().kind };
      const model = { ...modelReport(experiment, tokenizer), split: pretrainedSplit };
      await queue.open();
      return { machine, pretrained: model, kept: await starter.latest() };
    },
    useBackend: async ({ backend }) => ({ backend: await host.useBackend(backend) }),
    inspect: async (request) => {
      const { experiment } = request;
      const text = await textOf(request);
      const model = modelReport(experiment, text.tokenizer, text);
      const { recording } = recordTraining(
        experiment,
        declareParameters(layoutOf(experiment.model, text.tokenizer.vocabularySize)),
      );
      const { kind } = host.runtime();
      const seconds = experiment.training.steps * stepSeconds(recording, kind, host.backends().gflops[kind] ?? 1);
      return { model, secondsEstimate: seconds, memoryBytes: planMemory(recording).bytes };
    },
    match: async (request) => {
      const { tokenizer } = await textOf(request);
      const { experiment, ratio } = denseMatch(request.experiment, request.by, tokenizer.vocabularySize);
      return { experiment, ratio };
    },
    train: (request) => asPerson(async () => ({ model: await starter.train(request) })),
    continueRun: ({ id }) => asPerson(() => starter.resume(id)),
    forgetRun: async ({ id }) => {
      await starter.forget(id);
      return {};
    },
    save: async () => ({ step: (await host.run()?.save()) ?? 0 }),
    listRuns: async () => {
      const runs = await createLibrary(stored()).list((error) => emit({ kind: 'problem', problem: problemOf(error) }));
      return { runs };
    },
    renameRun: async ({ id, name }) => ({ run: await createLibrary(stored()).rename(id, name) }),
    removeRuns: async ({ ids }) => {
      await createLibrary(stored()).remove(ids);
      return {};
    },
    addRuns: async ({ runs }) => {
      await createLibrary(stored()).add(runs);
      return {};
    },
    listQueue: async () => queue.state(),
    enqueue: async ({ runs }) => enqueue(wishesOf(runs)),
    listStudies: async () => ({ studies: studies.map(studyReport) }),
    enqueueStudy: async ({ id, size, seeds }) => enqueue(wishesOfStudy(studyById(id), size, seeds)),
    studyResults: async () => {
      // Those that cannot be read have been told of when they were listed.
      const runs = await createLibrary(stored()).list(() => {});
      return { results: studyResults(studies, runs, __BUILD_COMMIT__) };
    },
    moveInQueue: async ({ id, to }) => {
      await queue.move(id, to);
      return queue.state();
    },
    removeFromQueue: async ({ id }) => {
      await queue.remove(id);
      return queue.state();
    },
    pauseQueue: async ({ isPaused }) => {
      await queue.setPaused(isPaused);
      return queue.state();
    },
    pause: async () => {
      await host.run()?.pause();
      return status();
    },
    resume: async () => {
      host.run()?.resume();
      return status();
    },
    singleStep: async () => {
      host.run()?.singleStep();
      return status();
    },
    stop: async () => {
      await host.stop();
      return status();
    },
    pace: async ({ delay }) => {
      host.run()?.setPace(delay);
      return { delay };
    },
    decode: async (request) => {
      const model = modelOf(request.weights);
      const mine = ++decodeRequest;
      const { maskId, tokenizer } = model;
      const length = Math.min(request.length, model.experiment.data.sequenceLength);
      // Without a prompt, a model that has learned answers gets a held-out one to answer.
      const run = request.weights === 'run' ? host.run() : null;
      const heldOut = request.prompt === '' && run ? promptsOf(run.text) : null;
      const start = heldOut?.(request.seed).subarray(0, length) ?? promptTokens(model, request.prompt, length);
      const produced = start.filter((token) => token === maskId).length;
      const denoise = await denoiserOf(model, length);
      const { decoder, steps, temperature, topK, topP, seed } = request;
      const options = decodingOf(model, { decoder, steps, temperature, topK, topP, seed });
      const calls = mostCalls(start, options);
      let last = { call: 0, tokens: start };
      for await (const frame of decode(denoise, start, options)) {
        if (mine !== decodeRequest) break;
        // The frame's arrays move to the page; the last tokens are still needed here.
        last = { call: frame.call, tokens: frame.tokens.slice() };
        emit({ kind: 'frame', frame: { ...frame, calls } });
        // A turn of the event loop, so that a cancel is heard and training goes on.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const tokensPerCall = last.call > 0 ? produced / last.call : 0;
      return { text: tokenizer.decode(last.tokens), calls: last.call, tokensPerCall };
    },
    cancelDecode: async () => {
      decodeRequest++;
      return {};
    },
    routes: async (request) => {
      const model = modelOf(request.weights);
      const run = host.run();
      const passage = request.weights === 'run' && run ? run.text : await textOf({ experiment: model.experiment });
      return routesOf(model, request, passage.validationWindows(1));
    },
    exportWeights: async () => {
      const trainer = host.run()?.trainer();
      if (!trainer) throw new ConfigError('export: expected a run that has started, got none');
      const { experiment, step } = trainer;
      const { tokenizer, weights } = modelOf('run');
      const bytes = encodeCheckpoint({ experiment, tokenizer, weights: await weights() }, step);
      return { bytes, name: `sdlm-step-${step}.safetensors` };
    },
    importWeights: async ({ bytes, name }) => {
      const { experiment, tokenizer } = sources.take(bytes, name);
      return { model: modelReport(experiment, tokenizer) };
    },
    stateHash: async () => {
      const trainer = host.run()?.trainer();
      if (!trainer) throw new ConfigError('state hash: expected a run that has started, got none');
      return { hash: await trainer.stateHash(), step: trainer.step };
    },
  };
}
