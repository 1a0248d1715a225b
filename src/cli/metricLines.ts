/** The lines of metrics that `sdlm train` prints and keeps. Read again by `lostRecord.ts`. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { Experiment } from '../config/schema.ts';
import type { RunNews } from '../run/session.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { endProgress, print, progress } from './output.ts';

/** The lines of metrics: one per step on standard output, with its validation where one follows, kept for the directory. */
export function createMetricLines(experiment: Experiment, text: RunText) {
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  let start = performance.now();
  const written: string[] = [];
  let steps = 0;
  // A line waits for its validation, which comes as an event of its own.
  let line: Record<string, unknown> | null = null;

  const emit = () => {
    if (!line) return;
    const words = JSON.stringify(line);
    written.push(words);
    if (process.stdout.isTTY) endProgress();
    print(words);
    line = null;
  };
  const lineOf = (event: Extract<TrainingEvent, { kind: 'step' }>, tokensPerSecond: number) => {
    // Before the speed of steps is known, that of all so far.
    const soFar = (1000 * tokensPerStep * steps) / (performance.now() - start);
    return {
      step: event.step,
      tokens: event.step * tokensPerStep,
      loss: round(event.loss),
      bpc: round(event.loss * bits),
      tokensPerSecond: Math.round(Number.isNaN(tokensPerSecond) ? soFar : tokensPerSecond),
      gradNorm: round(event.gradNorm),
      maxVio: Array.from(event.maxVio, round),
      ...(event.dropRate.length > 0 && { dropRate: Array.from(event.dropRate, round) }),
    };
  };
  return {
    take: ({ event, tokensPerSecond }: Extract<RunNews, { kind: 'event' }>) => {
      if (event.kind === 'validation') {
        line = { ...line, validationBpc: round(event.bpc), validationStderr: round(event.standardError) };
        if (event.answers) line.accuracy = round(event.answers.accuracy);
        return;
      }
      emit();
      steps += 1;
      const next = lineOf(event, tokensPerSecond);
      line = next;
      // Where both are one terminal, the lines of JSON say it already.
      if (process.stderr.isTTY && !process.stdout.isTTY) {
        progress(
          `step ${next.step} of ${training.steps}, ${next.bpc} bits/character, ${next.tokensPerSecond} tokens/s`,
        );
      }
    },
    /** The first step begins now. */
    begin: () => {
      start = performance.now();
    },
    /** Writes the last line, which no validation follows any more. */
    emit,
    /** The lines since the last call, for the directory. */
    taken: () => written.splice(0),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
