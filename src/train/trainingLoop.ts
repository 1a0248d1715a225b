/**
 * The order of events of a run: steps, and a validation every so often. Whoever drives it pauses by not asking for the
 * next event, and says with every call how many steps to keep in flight. Not here: who asks, and when (`src/run`).
 */
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
}

export interface TrainingLoop {
  /** Steps submitted that have not come home, and one for a validation that is due. */
  readonly inFlight: number;
  /**
   * The next event, with up to `ahead` steps submitted before it is waited for (0 submits none). Null where nothing is in
   * flight and nothing may be submitted: all steps are done, or `ahead` is 0. One call at a time.
   */
  next(ahead: number): Promise<TrainingEvent | null>;
}

/** Whether a validation follows this step. */
export function isValidated(step: number, { steps, evaluateEvery }: Pick<LoopOptions, 'steps' | 'evaluateEvery'>) {
  return step % evaluateEvery === 0 || step === steps;
}

/** Takes a trainer from where it stands to `steps`, validating every `evaluateEvery` steps and at the end. */
export function createTrainingLoop(trainer: Trainer, text: TrainingText, options: LoopOptions): TrainingLoop {
  const { steps, evaluate } = options;
  const pending: Promise<StepReport>[] = [];
  let due: number | null = null;

  // Steps past a validation wait for it: it reads the weights as they are when it runs.
  const mayAdvance = (ahead: number) =>
    trainer.step < steps && pending.length < ahead && !(pending.length > 0 && isValidated(trainer.step, options));
  const submit = () => {
    const report = trainer.advance(text.batchAt(trainer.step), text.answerStartsAt?.(trainer.step));
    // A step that fails fails those behind it too: the first is thrown below, the others must not count as unheard.
    report.catch(() => {});
    pending.push(report);
  };
  return {
    get inFlight() {
      return pending.length + (due === null ? 0 : 1);
    },
    next: async (ahead) => {
      if (due !== null) {
        const evaluation = await evaluate();
        const step = due;
        due = null;
        return { kind: 'validation', step, ...evaluation };
      }
      while (mayAdvance(ahead)) submit();
      const next = pending.shift();
      if (!next) return null;
      const report = await next;
      if (isValidated(report.step, options)) due = report.step;
      return { kind: 'step', ...report };
    },
  };
}
