/**
 * What changes many times per second while a model trains: curves, expert load, the text being denoised. Kept in
 * plain arrays outside React; views are told a few times per second that something changed (`subscribeLive`), which
 * bounds the work of the main thread no matter how fast the engine is. Configuration and status are in `run.ts`.
 */
import type { ModelRef } from '../config/modelRef.ts';
import type { DecodeFrame } from '../worker/protocol.ts';
import type { Message } from '../worker/telemetry.ts';
import type { Engine } from './engine.ts';
import { useRun } from './run.ts';
import { append, clearSeries, createSeries, cutSeries } from './series.ts';

export interface ValidationPoint {
  step: number;
  bpc: number;
  standardError: number;
  /** Held-out prompts answered exactly, where the text is prompts with answers. */
  answers?: { accuracy: number; pairs: number };
}

/** Tokens per (layer, expert), layer-major, and MaxVio per layer, of one training step. */
export type ExpertLoad = Omit<Message<'load'>, 'kind'>;

export interface Preview {
  model: ModelRef;
  trainedSteps: number;
  frame: DecodeFrame;
}

interface Live {
  /** The run that the curves are of. */
  run: string | null;
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
export const live: Live = { run: null, validation: [], load: null, preview: null, finishedPreview: null };

/** Milliseconds between the views of one commit. */
const viewInterval = 20;

const listeners = new Set<() => void>();
let version = 0;
let scheduled = false;

function appendSteps({ step, loss, tokensPerSecond }: Message<'metrics'> | Message<'curves'>): void {
  for (let i = 0; i < step.length; i += 1) {
    append(lossSeries, step[i], loss[i]);
    // A speed is known only after several steps.
    if (Number.isFinite(tokensPerSecond[i])) append(speedSeries, step[i], tokensPerSecond[i]);
  }
}

/** Takes in what changes many times per second. Curves are those of the run on show; what others tell is left out. */
export function followLive(engine: Engine): void {
  engine.on('metrics', (message) => {
    if (!isShown(message.run)) return;
    appendSteps(message);
    message.step.forEach((step, i) => {
      append(gradientSeries, step, message.gradNorm[i]);
    });
    scheduleCommit();
  });
  engine.on('validation', ({ run, step, bpc, standardError, answers }) => {
    if (!isShown(run)) return;
    live.validation.push({ step, bpc, standardError, answers });
    scheduleCommit();
  });
  engine.on('curves', (message) => {
    if (!isShown(message.run)) return;
    clearCurves();
    appendSteps(message);
    live.validation = message.validation;
  });
  engine.on('rewound', ({ run, step }) => {
    if (!isShown(run)) return;
    for (const series of allSeries) cutSeries(series, step);
    live.validation = live.validation.filter((point) => point.step <= step);
    scheduleCommit();
  });
  engine.on('load', ({ kind: _, ...load }) => {
    live.load = load;
    scheduleCommit();
  });
  engine.on('preview', ({ kind: _, ...preview }) => {
    live.preview = preview;
    if (preview.frame.call === preview.frame.calls) live.finishedPreview = preview;
    scheduleCommit();
  });
}

/** Curves of another run take the place of those on show, as soon as it is the one that the engine speaks of. */
function isShown(run: string): boolean {
  if (run !== useRun.getState().status?.run) return false;
  showRun(run);
  return true;
}

/** Another run is on show: the curves of the last one go. The expert load and the preview stay until it sends its own. */
export function showRun(run: string): void {
  if (live.run === run) return;
  live.run = run;
  clearCurves();
}

function clearCurves(): void {
  for (const series of allSeries) clearSeries(series);
  live.validation = [];
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
