/**
 * The order of events of a run: steps, and a validation every so often. A generator: whoever drives it pauses by not
 * asking for the next event, and takes single steps by asking once.
 */
import { maxInFlight } from '../runtime/runtime.ts';
import type { Evaluation } from './evaluation.ts';
import type { TrainingText } from './text.ts';
import type { StepReport, Trainer } from './trainer.ts';

export type TrainingEvent =
  | ({ readonly kind: 'step' } & StepReport)
  | ({ readonly kind: 'validation'; readonly step: number } & Evaluation);

export interface LoopOptions {
  /** Steps to have done when the loop ends. */
  readonly steps: number;
  readonly evaluateEvery: number;
  readonly evaluate: () => Promise<Evaluation>;
  /** Steps to keep in flight; 1 when somebody is stepping by hand. At most `maxInFlight`. */
  readonly ahead?: () => number;
}

/** Whether a validation follows this step. */
export function isValidated(step: number, { steps, evaluateEvery }: Pick<LoopOptions, 'steps' | 'evaluateEvery'>) {
  return step % evaluateEvery === 0 || step === steps;
}

/** Runs a trainer from where it stands to `steps`, validating every `evaluateEvery` steps and at the end. */
export async function* trainingLoop(
  trainer: Trainer,
  text: TrainingText,
  options: LoopOptions,
): AsyncGenerator<TrainingEvent> {
  const { steps, evaluate, ahead = () => maxInFlight } = options;
  const pending: Promise<StepReport>[] = [];
  for (;;) {
    // Steps past a validation wait for it: it reads the weights as they are when it runs.
    const mayAdvance = () =>
      trainer.step < steps &&
      pending.length < Math.max(1, Math.min(ahead(), maxInFlight)) &&
      !(pending.length > 0 && isValidated(trainer.step, options));
    while (mayAdvance()) {
      const report = trainer.advance(text.batchAt(trainer.step), text.answerStartsAt?.(trainer.step));
      // A step that fails fails those behind it too: the first is thrown below, the others must not count as unheard.
      report.catch(() => {});
      pending.push(report);
    }
    const next = pending.shift();
    if (!next) return;
    const report = await next;
    yield { kind: 'step', ...report };
    if (isValidated(report.step, options)) yield { kind: 'validation', step: report.step, ...(await evaluate()) };
  }
}
