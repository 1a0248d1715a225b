/** What the page hears of a run: its status, metrics in batches, the latest expert load, validations. */
import { runRef } from '../config/modelRef.ts';
import type { RunStatus } from '../config/records.ts';
import type { RunNews } from '../run/ports.ts';
import type { RunText } from '../train/text.ts';
import type { StepReport } from '../train/trainer.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import type { Message, Telemetry } from './telemetry.ts';

/** Milliseconds between two messages of metrics. */
const flushInterval = 150;

interface Point {
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
}

/** Turns the news of a run into messages; steps are told together, a few times per second, and with every status. */
export function createRunTelemetry(
  run: string,
  { trainTokensPerCharacter }: Pick<RunText, 'trainTokensPerCharacter'>,
  emit: (telemetry: Telemetry) => void,
  now: () => number = () => performance.now(),
): (news: RunNews) => void {
  const steps = new Steps(run, trainTokensPerCharacter / Math.LN2, emit);
  let lastFlush = Number.NEGATIVE_INFINITY;
  const flush = (status: RunStatus) => {
    lastFlush = now();
    steps.flush();
    emit({ kind: 'status', status });
  };
  return (news) => {
    switch (news.kind) {
      case 'status':
        flush(news.status);
        return;
      case 'event': {
        const { event, tokensPerSecond, status } = news;
        if (event.kind === 'step') steps.add(event, tokensPerSecond);
        else emit(validationOf(run, event));
        if (now() - lastFlush > flushInterval) flush(status());
        return;
      }
      case 'rewound':
        steps.forgetAfter(news.step);
        emit({ kind: 'rewound', run, step: news.step });
        return;
      default:
        news satisfies never;
    }
  };
}

/** Steps that have not been told yet, and the expert load of the last of them. */
class Steps {
  readonly #run: string;
  /** Bits per character of one nat per token. */
  readonly #bits: number;
  readonly #emit: (telemetry: Telemetry) => void;
  #pending: Point[] = [];
  #load: Message<'load'> | null = null;

  constructor(run: string, bits: number, emit: (telemetry: Telemetry) => void) {
    this.#run = run;
    this.#bits = bits;
    this.#emit = emit;
  }

  add({ step, loss, gradNorm, load, maxVio, dropRate }: StepReport, tokensPerSecond: number): void {
    this.#pending.push({ step, loss: loss * this.#bits, gradNorm, tokensPerSecond });
    const layers = maxVio.length;
    if (layers === 0) return;
    const experts = load.length / layers;
    this.#load = { kind: 'load', model: runRef(this.#run), step, layers, experts, load, maxVio, dropRate };
  }

  forgetAfter(last: number): void {
    this.#pending = this.#pending.filter(({ step }) => step <= last);
  }

  flush(): void {
    const points = this.#pending;
    if (points.length > 0) {
      this.#emit({
        kind: 'metrics',
        run: this.#run,
        step: Float64Array.from(points, ({ step }) => step),
        loss: Float32Array.from(points, ({ loss }) => loss),
        gradNorm: Float32Array.from(points, ({ gradNorm }) => gradNorm),
        tokensPerSecond: Float32Array.from(points, ({ tokensPerSecond }) => tokensPerSecond),
      });
    }
    this.#pending = [];
    if (this.#load) this.#emit(this.#load);
    this.#load = null;
  }
}

function validationOf(run: string, event: Extract<TrainingEvent, { kind: 'validation' }>): Telemetry {
  const { step, bpc, standardError, answers } = event;
  return { kind: 'validation', run, step, bpc, standardError, answers };
}
