/** The lines of metrics that `sdlm train` prints and keeps. Read again by `lostRecord.ts`. */
import process from 'node:process';
import type { Experiment } from '../config/schema.ts';
import type { RunNews } from '../run/ports.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { endProgress, print, progress } from './output.ts';

/** The lines of metrics: one per step on standard output, with its validation where one follows, kept for the directory. */
export function createMetricLines(experiment: Experiment, text: RunText, isKept: boolean) {
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  const written: string[] = [];
  // A line waits for its validation, which comes as an event of its own.
  let line: Record<string, unknown> | null = null;

  const emit = () => {
    if (!line) return;
    const words = JSON.stringify(line);
    // Without a directory nobody would ever take them.
    if (isKept) written.push(words);
    if (process.stdout.isTTY) endProgress();
    print(words);
    line = null;
  };
  const lineOf = (event: Extract<TrainingEvent, { kind: 'step' }>, tokensPerSecond: number) => {
    return {
      step: event.step,
      tokens: event.step * tokensPerStep,
      loss: round(event.loss),
      bpc: round(event.loss * bits),
      tokensPerSecond: Math.round(tokensPerSecond),
      gradNorm: round(event.gradNorm),
      maxVio: Array.from(event.maxVio, round),
      ...(event.dropRate.length > 0 && { dropRate: Array.from(event.dropRate, round) }),
    };
  };
  return {
    take: ({ event, tokensPerSecond, meanTokensPerSecond }: Extract<RunNews, { kind: 'event' }>) => {
      if (event.kind === 'validation') {
        line = { ...line, validationBpc: round(event.bpc), validationStderr: round(event.standardError) };
        if (event.answers) line.accuracy = round(event.answers.accuracy);
        return;
      }
      emit();
      // Before the speed of the last steps is known, that of all so far.
      const next = lineOf(event, Number.isNaN(tokensPerSecond) ? meanTokensPerSecond : tokensPerSecond);
      line = next;
      // Where both are one terminal, the lines of JSON say it already.
      if (process.stderr.isTTY && !process.stdout.isTTY) {
        progress(
          `step ${next.step} of ${training.steps}, ${next.bpc} bits/character, ${next.tokensPerSecond} tokens/s`,
        );
      }
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
