/**
 * The engine as the page sees it: one handler per command of the protocol. Owns the runtime, the bundled model and
 * the run; everything that computes is below, in `src/train`.
 */
import { ConfigError, DeviceError } from '../config/errors.ts';
import { decode } from '../diffusion/decode.ts';
import { planMemory } from '../gpu/recording.ts';
import type { Runtime } from '../gpu/runtime.ts';
import { createTuner, type Tuner } from '../gpu/tuner.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import { type Backends, findBackends } from '../train/backends.ts';
import { encodeModel } from '../train/checkpoint.ts';
import { denoiserOf, type Model, promptTokens } from '../train/model.ts';
import { recordTraining } from '../train/recordings.ts';
import { loadRunText, prepareText, type RunText } from '../train/text.ts';
import { fetchFile, loadPretrained, readTuning, writeTuning } from './files.ts';
import { createPreviewer, type Previewer } from './previewer.ts';
import { problemOf } from './problems.ts';
import type { BackendKind, CommandName, Commands, RunStatus, Telemetry, TrainRequest, Weights } from './protocol.ts';
import { machineReport, modelReport } from './reports.ts';
import { routesOf } from './routes.ts';
import { createRunDriver, type RunDriver } from './runDriver.ts';

type Handlers = {
  [N in CommandName]: (argument: Commands[N]['argument']) => Promise<Commands[N]['answer']>;
};

const pretrainedSplit = 'The bundled model: see its configuration.';

/** Creates the engine. `emit` posts telemetry to the page. */
export function createEngine(emit: (telemetry: Telemetry) => void): Handlers {
  let baseUrl = '';
  let tuner: Tuner = createTuner();
  let backends: Backends | null = null;
  let runtime: Runtime | null = null;
  let pretrained: Model | null = null;
  let run: RunDriver | null = null;
  let decodeRequest = 0;
  const texts = new Map<string, Promise<string>>();
  const previewer: Previewer = createPreviewer(emit, () => {
    const model = run?.model();
    return run && model ? { weights: 'run', model, trainedSteps: run.status().step } : pretrainedSource();
  });
  const pretrainedSource = () => {
    if (!pretrained) return null;
    return { weights: 'pretrained' as const, model: pretrained, trainedSteps: pretrained.experiment.training.steps };
  };

  const report = (error: unknown) => emit({ kind: 'problem', problem: problemOf(error) });
  const required = <T>(value: T | null): T => {
    if (value === null) throw new ConfigError('engine: expected it to be open, got a command before "open"');
    return value;
  };

  /** A device that is gone takes its buffers with it: everything is opened anew, the run from its last snapshot. */
  const recover = async (error: unknown) => {
    report(error);
    const isLost = error instanceof DeviceError && error.message.startsWith('WebGPU device lost');
    if (!isLost) {
      run?.fail();
      return;
    }
    try {
      await moveTo('gpu', false);
    } catch (second) {
      report(second);
      await moveTo('cpu', false);
    }
  };
  const openRuntime = async (kind: BackendKind): Promise<Runtime> => {
    const next: Runtime = await required(backends).open(kind, (error) => {
      // Errors of a runtime that has been left behind concern nobody.
      if (runtime === next) void recover(error).catch(report);
    });
    return next;
  };
  const moveTo = async (kind: BackendKind, canRead: boolean) => {
    const isRunning = run !== null && ['running', 'paused', 'preparing'].includes(run.status().phase);
    const hadRun = run !== null && run.model() !== null;
    // A lost device fails the steps in flight too: the run lets go of them first, before they are taken for an error.
    if (run && hadRun && !canRead) await run.suspend(false);
    await previewer.stop();
    if (run && hadRun && canRead) await run.suspend(true);
    const before = runtime;
    runtime = await openRuntime(kind);
    before?.destroy();
    pretrained = await loadPretrained(baseUrl, runtime);
    if (run && (isRunning || hadRun)) await run.prepare(runtime);
    previewer.start();
  };

  const textOf = async ({ experiment, text }: TrainRequest): Promise<RunText> => {
    const own = text === undefined ? null : { content: text, where: 'your text' };
    const fetchText = async (path: string) => (await fetchFile(baseUrl, path)).text();
    if (experiment.data.corpus === 'custom')
      return prepareText(experiment, await loadRunText(experiment, own, fetchText));
    let corpus = texts.get(experiment.data.corpus);
    if (!corpus) {
      corpus = loadRunText(experiment, null, fetchText);
      texts.set(experiment.data.corpus, corpus);
      corpus.catch(() => texts.delete(experiment.data.corpus));
    }
    return prepareText(experiment, await corpus);
  };
  const modelOf = (weights: Weights): Model => {
    const model = weights === 'run' ? run?.model() : pretrained;
    if (!model)
      throw new ConfigError(
        `weights: expected a run that has started, got none; train first or take the bundled model`,
      );
    return model;
  };
  const idle = (): RunStatus => ({
    phase: 'idle',
    backend: required(runtime).kind,
    step: 0,
    steps: 0,
    tokensPerSecond: 0,
    secondsLeft: null,
    activity: 'idle',
    memoryBytes: 0,
  });
  const status = () => run?.status() ?? idle();

  return {
    open: async ({ baseUrl: base, backend }) => {
      baseUrl = base;
      tuner = createTuner(await readTuning());
      backends = await findBackends(navigator.gpu as GPU | undefined, tuner);
      runtime = await openRuntime(backend ?? backends.chosen);
      pretrained = await loadPretrained(baseUrl, runtime);
      previewer.start();
      const { experiment, tokenizer } = pretrained;
      const machine = { ...machineReport(backends), chosen: runtime.kind };
      return { machine, pretrained: modelReport(experiment, tokenizer, { split: pretrainedSplit, floorBpc: null }) };
    },
    useBackend: async ({ backend }) => {
      if (backend !== required(runtime).kind) await moveTo(backend, true);
      return { backend: required(runtime).kind };
    },
    inspect: async (request) => {
      const { experiment } = request;
      const text = await textOf(request);
      const model = modelReport(experiment, text.tokenizer, text);
      const { recording } = recordTraining(
        experiment,
        declareParameters(layoutOf(experiment.model, text.tokenizer.vocabularySize)),
      );
      const { training, data } = experiment;
      const tokens = training.steps * training.batchSize * data.sequenceLength;
      const { gflops } = required(backends);
      const kind = required(runtime).kind;
      // Whole steps reach about a third of a lone product's speed; a GPU also pays for every launch.
      const compute = (tokens * model.trainFlopsPerToken) / ((gflops[kind] ?? 1) * 1e9 * 0.33);
      const launching = kind === 'gpu' ? training.steps * recording.launches.length * 1e-5 : 0;
      return { model, secondsEstimate: compute + launching, memoryBytes: planMemory(recording).bytes };
    },
    train: async (request) => {
      const text = await textOf(request);
      // The preview reads the weights of the run that is let go.
      await previewer.stop();
      await run?.stop();
      await run?.suspend(true);
      run = createRunDriver(
        request.experiment,
        text,
        request.startPaused ?? false,
        emit,
        (error) => void recover(error),
      );
      await run.prepare(required(runtime));
      previewer.start();
      void writeTuning(tuner.table);
      return { model: modelReport(request.experiment, text.tokenizer, text) };
    },
    pause: async () => {
      await run?.pause();
      return status();
    },
    resume: async () => {
      run?.resume();
      return status();
    },
    singleStep: async () => {
      run?.singleStep();
      return status();
    },
    stop: async () => {
      await run?.stop();
      return status();
    },
    pace: async ({ delay }) => {
      run?.setPace(delay);
      return { delay };
    },
    decode: async (request) => {
      const model = modelOf(request.weights);
      const mine = ++decodeRequest;
      const { maskId, tokenizer } = model;
      const length = Math.min(request.length, model.experiment.data.sequenceLength);
      const start = promptTokens(model, request.prompt, length);
      const produced = start.filter((token) => token === maskId).length;
      const denoise = await denoiserOf(model, length);
      const { decoder, steps, temperature, seed } = request;
      let last = { call: 0, tokens: start };
      for await (const frame of decode(denoise, start, { decoder, steps, temperature, seed, maskId })) {
        if (mine !== decodeRequest) break;
        // The frame's arrays move to the page; the last tokens are still needed here.
        last = { call: frame.call, tokens: frame.tokens.slice() };
        emit({ kind: 'frame', frame: { ...frame, calls: Math.min(steps, produced) } });
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
      const passage = request.weights === 'run' && run ? run.text : await textOf({ experiment: model.experiment });
      return routesOf(model, request, passage.validationWindows(1));
    },
    exportWeights: async () => {
      const trainer = run?.trainer();
      if (!trainer) throw new ConfigError('export: expected a run that has started, got none');
      const { average, step } = await trainer.snapshot();
      const bytes = encodeModel(trainer.parameters.layout, average, step);
      return { bytes, name: `sdlm-step-${step}.safetensors` };
    },
    stateHash: async () => {
      const trainer = run?.trainer();
      if (!trainer) throw new ConfigError('state hash: expected a run that has started, got none');
      return { hash: await trainer.stateHash(), step: trainer.step };
    },
  };
}
