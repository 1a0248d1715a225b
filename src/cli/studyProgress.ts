/** What a study is doing and how long it will take, on standard error: by floating point operations done. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { PlannedRun } from '../lab/studyRuns.ts';
import { endProgress, progress } from './output.ts';
import type { RunState } from './studyDirectory.ts';
import type { QueuedRun } from './studyQueue.ts';

/** Milliseconds between two lines, on a terminal and in a log. */
const intervals = { terminal: 250, log: 30_000 };

/** Milliseconds before which the start of the first processes, with what they compile, would pass for their speed. */
const settling = 20_000;

export interface StudyProgress {
  onStep(run: PlannedRun, step: number): void;
  onEnd(run: PlannedRun, state: RunState): void;
}

/** `costOf` is the cost of a step of a run in operations. */
export function createStudyProgress(runs: readonly QueuedRun[], costOf: (run: PlannedRun) => number): StudyProgress {
  const hasEnded = ({ state }: QueuedRun) => state === 'finished' || state === 'diverged';
  const total = runs.filter((run) => !hasEnded(run)).reduce((sum, run) => sum + workOf(run), 0);
  const interval = process.stderr.isTTY ? intervals.terminal : intervals.log;
  const stepOf = new Map<string, number>();
  const start = performance.now();
  let finished = runs.filter(hasEnded).length;
  let done = 0;
  // A run that goes on has steps behind it that took no time here.
  let spared = 0;
  let last = Number.NEGATIVE_INFINITY;

  function workOf(run: PlannedRun): number {
    return run.experiment.training.steps * costOf(run);
  }
  const timeLeft = () => {
    const left = total - spared - done;
    const elapsed = performance.now() - start;
    if (left <= 0 || elapsed < settling) return '';
    const seconds = (elapsed / 1000) * (left / done);
    return `, about ${seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`} left`;
  };
  if (finished > 0) progress(`${finished} of ${runs.length} runs are there already`);
  return {
    onStep: (run, step) => {
      const before = stepOf.get(run.name) ?? step - 1;
      if (!stepOf.has(run.name)) spared += before * costOf(run);
      stepOf.set(run.name, step);
      done += (step - before) * costOf(run);
      if (performance.now() - last < interval) return;
      last = performance.now();
      progress(
        `${finished} of ${runs.length} runs done, ${run.name} at step ${step} of ${run.experiment.training.steps}${timeLeft()}`,
      );
    },
    onEnd: (run, state) => {
      finished++;
      endProgress();
      process.stderr.write(
        `${run.name} ${state === 'diverged' ? 'diverged' : 'is done'} (${finished} of ${runs.length})${timeLeft()}\n`,
      );
    },
  };
}
