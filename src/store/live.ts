/**
 * What changes many times per second while a model trains: curves, expert load, the text being denoised. Kept in
 * plain arrays outside React; views are told a few times per second that something changed (`subscribeLive`), which
 * bounds the work of the main thread no matter how fast the engine is. Configuration and status are in `run.ts`.
 */
import type { DecodeFrame, Weights } from '../worker/protocol.ts';
import type { Telemetry } from '../worker/telemetry.ts';
import { append, clearSeries, createSeries, cutSeries } from './series.ts';

export interface ValidationPoint {
  step: number;
  bpc: number;
  standardError: number;
  /** Held-out prompts answered exactly, where the text is prompts with answers. */
  answers?: { accuracy: number; pairs: number };
}

/** Tokens per (layer, expert), layer-major, and MaxVio per layer, of one training step. */
export type ExpertLoad = Omit<Extract<Telemetry, { kind: 'load' }>, 'kind'>;

export interface Preview {
  weights: Weights;
  trainedSteps: number;
  frame: DecodeFrame;
}

interface Live {
  validation: ValidationPoint[];
  load: ExpertLoad | null;
  preview: Preview | null;
  /** The last complete text of the preview, for people who prefer no motion. */
  finishedPreview: Preview | null;
}

/** Milliseconds between two commits to the views: 5 per second. */
const commitInterval = 200;

export const lossSeries = createSeries();
export const speedSeries = createSeries();
export const gradientSeries = createSeries();
const allSeries = [lossSeries, speedSeries, gradientSeries];
export const live: Live = { validation: [], load: null, preview: null, finishedPreview: null };

/** Milliseconds between the views of one commit. */
const viewInterval = 20;

const listeners = new Set<() => void>();
let version = 0;
let scheduled = false;

function appendSteps({ step, loss, tokensPerSecond }: Extract<Telemetry, { kind: 'metrics' | 'curves' }>): void {
  for (let i = 0; i < step.length; i += 1) {
    append(lossSeries, step[i], loss[i]);
    // A speed is known only after several steps.
    if (Number.isFinite(tokensPerSecond[i])) append(speedSeries, step[i], tokensPerSecond[i]);
  }
}

/** Takes in one message of the engine that concerns the live views; others are ignored. */
export function takeLive(telemetry: Telemetry): void {
  switch (telemetry.kind) {
    case 'metrics':
      appendSteps(telemetry);
      telemetry.step.forEach((step, i) => {
        append(gradientSeries, step, telemetry.gradNorm[i]);
      });
      break;
    case 'validation':
      live.validation.push({
        step: telemetry.step,
        bpc: telemetry.bpc,
        standardError: telemetry.standardError,
        answers: telemetry.answers,
      });
      break;
    case 'curves':
      clearCurves();
      appendSteps(telemetry);
      live.validation = telemetry.validation;
      break;
    case 'rewound':
      for (const series of allSeries) cutSeries(series, telemetry.step);
      live.validation = live.validation.filter(({ step }) => step <= telemetry.step);
      break;
    case 'load':
      live.load = telemetry;
      break;
    case 'preview':
      live.preview = telemetry;
      if (telemetry.frame.call === telemetry.frame.calls) live.finishedPreview = telemetry;
      break;
    case 'status':
    case 'savedRun':
    case 'queue':
    case 'started':
    case 'frame':
    case 'problem':
      return;
    default:
      telemetry satisfies never;
  }
  scheduleCommit();
}

/** Forgets the curves of the last run. The expert load and the preview stay until the new run sends its own. */
export function clearCurves(): void {
  for (const series of allSeries) clearSeries(series);
  live.validation = [];
  scheduleCommit();
}

/** Forgets the text being denoised with weights that are gone: it is written in another vocabulary. */
export function clearPreview(weights: Weights): void {
  if (live.preview?.weights === weights) live.preview = null;
  if (live.finishedPreview?.weights === weights) live.finishedPreview = null;
  scheduleCommit();
}

/** Calls `listener` after each commit, at most 5 times per second; the returned function ends that. */
export function subscribeLive(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Grows with every commit: a snapshot for `useSyncExternalStore`. */
export function liveVersion(): number {
  return version;
}

function scheduleCommit(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    version += 1;
    // One view per task: together they could hold the main thread for longer than a frame.
    let turn = 0;
    for (const listener of listeners) {
      setTimeout(() => listeners.has(listener) && listener(), turn * viewInterval);
      turn += 1;
    }
  }, commitInterval);
}
