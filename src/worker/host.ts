/**
 * What lives on the runtime: the bundled model, the run, the preview. Whatever opens, moves or replaces them takes
 * turns, so that a device lost while a run is prepared, or two clicks in a row, cannot cross each other. Commands that
 * only read do not wait here.
 */
import { ConfigError, DeviceError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import type { Model } from '../model/model.ts';
import { chooseBackend, findMachine, type Machine } from '../run/machine.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTuner, type Tuner } from '../runtime/tuner.ts';
import { promptsOf, type RunText } from '../train/text.ts';
import { loadPretrained } from './files.ts';
import { createPreviewer } from './previewer.ts';
import { problemOf } from './problems.ts';
import type { BackendKind } from './protocol.ts';
import type { RunDriver } from './runDriver.ts';
import type { SiteStorage } from './storage.ts';
import type { Telemetry } from './telemetry.ts';

export interface Host {
  /** Finds what the machine offers, opens a backend and loads the bundled model. */
  open(baseUrl: string, storage: SiteStorage, backend?: BackendKind): Promise<void>;
  baseUrl(): string;
  backends(): Machine;
  runtime(): Runtime;
  pretrained(): Model;
  run(): RunDriver | null;
  /** Moves everything to a backend; answers where it is then. */
  useBackend(kind: BackendKind): Promise<BackendKind>;
  /** Whether a run is in progress, or about to be. */
  isBusy(): boolean;
  /** Replaces the run by the one that `make` answers; where that fails, the last run stays. */
  start(make: (onError: (error: unknown) => void) => Promise<RunDriver>): Promise<RunText>;
  stop(): Promise<void>;
  /** Lends a runtime of its own for as long as `use` takes, during which nothing is previewed; then it is destroyed. */
  alone<T>(use: (runtime: Runtime) => Promise<T>): Promise<T>;
}

/** How long the loss of a device may take to be told after the first call that it fails, in milliseconds. */
const lossDelay = 500;

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * `emit` posts telemetry to the page; `isSetAside` answers whether a run that is replaced goes on another time, rather
 * than being stopped.
 */
export function createHost(emit: (telemetry: Telemetry) => void, isSetAside: (run: RunDriver) => boolean): Host {
  const inTurn = createMutex();
  let baseUrl = '';
  let tuner: Tuner = createTuner();
  let rememberTuning = async () => {};
  let backends: Machine | null = null;
  let runtime: Runtime | null = null;
  let lost: Runtime | null = null;
  let pretrained: Model | null = null;
  let run: RunDriver | null = null;
  let starting = 0;
  let isQuiet = false;
  const previewer = createPreviewer(emit, () => {
    if (isQuiet) return null;
    const model = run?.model();
    if (run && model) {
      const startAt = promptsOf(run.text);
      return { weights: 'run', model, trainedSteps: run.status().step, ...(startAt && { startAt }) };
    }
    return (
      pretrained && { weights: 'pretrained', model: pretrained, trainedSteps: pretrained.experiment.training.steps }
    );
  });

  const report = (error: unknown) => emit({ kind: 'problem', problem: problemOf(error) });
  const required = <T>(value: T | null): T => {
    if (value === null) throw new ConfigError('engine: expected it to be open, got a command before "open"');
    return value;
  };

  const openRuntime = async (kind: BackendKind): Promise<Runtime> => {
    const next: Runtime = await required(backends).open(kind, (error) => {
      // Errors of a runtime that has been left behind concern nobody.
      if (runtime !== next) return;
      report(error);
      if (error instanceof DeviceError && error.message.startsWith('WebGPU device lost')) {
        lost = next;
        void inTurn(() => recover(next)).catch(report);
      } else void run?.fail(error.message);
    });
    return next;
  };
  const settleOn = async (next: Runtime) => {
    runtime = next;
    pretrained = await loadPretrained(baseUrl, next);
    await run?.prepare(next);
  };
  const moveTo = async (kind: BackendKind) => {
    const before = required(runtime);
    const next = await openRuntime(kind);
    run?.announce(`moving to the ${kind.toUpperCase()}`);
    try {
      await previewer.stop();
      await run?.suspend(true);
      await settleOn(next);
      before.destroy();
    } catch (error) {
      next.destroy();
      await settleOn(before);
      throw error;
    } finally {
      previewer.start();
    }
  };
  /** A device that is gone takes its buffers with it: everything is opened anew, the run from its last snapshot. */
  const recover = async (from: Runtime) => {
    if (runtime !== from) return;
    const reopen = async (kind: BackendKind) => {
      // A lost device fails the steps in flight too: the run lets go of them before they are taken for an error.
      await run?.suspend(false);
      await previewer.stop();
      await settleOn(await openRuntime(kind));
    };
    try {
      await reopen('gpu').catch((error) => {
        report(error);
        return reopen('cpu');
      });
    } catch (error) {
      await run?.fail(wordsOf(error));
      throw error;
    }
    from.destroy();
    previewer.start();
  };
  const isLost = async (which: Runtime): Promise<boolean> => {
    if (which.kind === 'cpu') return false;
    for (let waited = 0; lost !== which && waited < lossDelay; waited += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return lost === which;
  };
  /** Does what a lost device may cut short; everything is opened anew then, which comes to the same. */
  const surviving = async (change: () => Promise<void>) => {
    const at = required(runtime);
    try {
      await change();
    } catch (error) {
      // A change that moved on has a runtime of its own to have lost.
      const now = required(runtime);
      if (!(await isLost(now)) && !(await isLost(at))) throw error;
      await recover(now);
    }
  };
  /** What broke a run off: a device that is lost says so itself a moment later, and the run goes on. */
  const onRunError = async (which: RunDriver, error: unknown) => {
    const at = required(runtime);
    if ((await isLost(at)) || runtime !== at || run !== which) return;
    report(error);
    await which.fail(wordsOf(error));
  };

  return {
    open: (base, { records }, backend) =>
      inTurn(async () => {
        baseUrl = base;
        tuner = createTuner((await records.get('tuning', 'table')) ?? {});
        rememberTuning = () => records.put('tuning', 'table', tuner.table).catch(report);
        backends = await findMachine(navigator.gpu as GPU | undefined, tuner);
        runtime = await openRuntime(backend ?? chooseBackend({ adapter: backends.adapter, speeds: {} }));
        pretrained = await loadPretrained(baseUrl, runtime);
        previewer.start();
      }),
    baseUrl: () => baseUrl,
    backends: () => required(backends),
    runtime: () => required(runtime),
    pretrained: () => required(pretrained),
    run: () => run,
    useBackend: (kind) =>
      inTurn(async () => {
        if (kind !== required(runtime).kind) await surviving(() => moveTo(kind));
        return required(runtime).kind;
      }),
    isBusy: () => starting > 0 || ['preparing', 'running', 'paused'].includes(run?.status().phase ?? 'idle'),
    start: async (make) => {
      starting += 1;
      return inTurn(async () => {
        const next: RunDriver = await make((error) => void onRunError(next, error));
        const before = run;
        if (before && !isSetAside(before)) await before.stop();
        run = next;
        next.announce('waiting for the preview to let go');
        try {
          await surviving(async () => {
            // The preview reads the weights of the run that is let go.
            await previewer.stop();
            await before?.suspend(true);
            await next.prepare(required(runtime));
            previewer.start();
          });
        } catch (error) {
          await next.fail(wordsOf(error));
          previewer.start();
          throw error;
        }
        void rememberTuning();
        return next.text;
      }).finally(() => {
        starting -= 1;
      });
    },
    stop: async () => {
      run?.end();
      await inTurn(async () => run?.stop());
    },
    alone: async (use) => {
      isQuiet = true;
      let own: Runtime | null = null;
      const errors: Error[] = [];
      try {
        // The sequence that is being previewed ends here; no other begins.
        await inTurn(async () => {
          await previewer.stop();
          previewer.start();
        });
        own = await required(backends).open(required(runtime).kind, (error) => errors.push(error));
        const found = await use(own);
        if (errors.length > 0) throw errors[0];
        return found;
      } finally {
        own?.destroy();
        isQuiet = false;
      }
    },
  };
}
