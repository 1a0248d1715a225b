/**
 * How long training will take: seconds of a step that was measured, scaled to what another step computes. The last
 * measurement counts, and a run's own steps are the best there is. Plain data and pure functions.
 * Not here: measuring (`speed.ts`), what is left of a run in progress.
 */
import type { Experiment } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import type { Recording } from '../runtime/recording.ts';
import { recordTraining } from '../train/recordings.ts';
import type { BackendKind } from './machine.ts';

/** What a recorded step computes: operations of large products, other operations, launches. */
export interface StepWork {
  readonly products: number;
  readonly others: number;
  readonly launches: number;
}

/** A step whose time is known, per backend. */
export type Calibration = Readonly<
  Partial<Record<BackendKind, { readonly work: StepWork; readonly secondsPerStep: number }>>
>;

/** Seconds are above zero and finite. */
export type Estimate = { readonly kind: 'estimated'; readonly seconds: number } | { readonly kind: 'unmeasured' };

export function workOf({ launches }: Recording): StepWork {
  const sum = (isProduct: boolean) =>
    launches.reduce((flops, launch) => flops + (launch.isProduct === isProduct ? launch.flops : 0), 0);
  return { products: sum(true), others: sum(false), launches: launches.length };
}

/** What a training step of an experiment computes, over `vocabularySize` tokens plus the mask. */
export function trainingWork({ model, ...rest }: Experiment, vocabularySize: number): StepWork {
  const { recording } = recordTraining({ model, ...rest }, declareParameters(layoutOf(model, vocabularySize)));
  return workOf(recording);
}

/** Takes over how long a step really took; a time that is zero, infinite or missing changes nothing. */
export function correct(
  calibration: Calibration,
  backend: BackendKind,
  work: StepWork,
  secondsPerStep: number,
): Calibration {
  if (!(secondsPerStep > 0 && Number.isFinite(secondsPerStep))) return calibration;
  return { ...calibration, [backend]: { work, secondsPerStep } };
}

/** Seconds that a step will take. */
export function estimateStep(calibration: Calibration, backend: BackendKind, work: StepWork): Estimate {
  const known = calibration[backend];
  if (!known) return { kind: 'unmeasured' };
  const cost = costsOn(backend, known);
  return { kind: 'estimated', seconds: known.secondsPerStep * (cost(work) / cost(known.work)) };
}

/** Seconds that a whole run will take, validations left out. */
export function estimateRun(
  calibration: Calibration,
  backend: BackendKind,
  experiment: Experiment,
  vocabularySize: number,
): Estimate {
  const step = estimateStep(calibration, backend, trainingWork(experiment, vocabularySize));
  if (step.kind === 'unmeasured') return step;
  return { kind: 'estimated', seconds: experiment.training.steps * step.seconds };
}

/** What the twins do beside large products runs at about this fraction of their speed: plain loops, small products. */
const loopShare = 1 / 14;

/** A launch takes an adapter this long however little it computes, but no more than half of a step in all. */
const launchSeconds = 3e-5;
const mostLaunchShare = 1 / 2;

/** Cost of work, in units of which only ratios count. */
function costsOn(
  backend: BackendKind,
  { work: known, secondsPerStep }: NonNullable<Calibration[BackendKind]>,
): (work: StepWork) => number {
  switch (backend) {
    case 'cpu':
      return ({ products, others }) => products + others / loopShare;
    case 'gpu': {
      const inLaunches = Math.min(known.launches * launchSeconds, mostLaunchShare * secondsPerStep);
      const perLaunch = inLaunches / known.launches;
      const perOperation = (secondsPerStep - inLaunches) / (known.products + known.others);
      return ({ products, others, launches }) => perOperation * (products + others) + perLaunch * launches;
    }
    default:
      return backend satisfies never;
  }
}
