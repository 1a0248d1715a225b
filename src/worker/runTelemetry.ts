/** What the page hears of a run's steps: metrics in batches, the latest expert load, validations, and the speed. */
import type { Experiment } from '../config/schema.ts';
import { maxInFlight } from '../runtime/runtime.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import type { Telemetry } from './telemetry.ts';

/** Milliseconds between two messages of metrics. */
const flushInterval = 150;
/** Steps that the shown speed is a mean of. */
const meanSteps = 32;

export interface RunTelemetry {
  take(event: TrainingEvent): void;
  /** The next steps say nothing of the speed: something else took its time. */
  interrupt(): void;
  /** The run went back: what came after `step` is taken back on the page too. */
  cut(step: number): void;
  isDue(): boolean;
  flush(): void;
  tokensPerSecond(): number;
}

export function createRunTelemetry(
  { training, data }: Experiment,
  text: RunText,
  emit: (telemetry: Telemetry) => void,
): RunTelemetry {
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  let pending: { step: number; loss: number; gradNorm: number; tokensPerSecond: number }[] = [];
  let lastLoad: Extract<Telemetry, { kind: 'load' }> | null = null;
  let lastFlush = 0;
  let rate = 0;
  // When the latest steps came home; steps in flight come in bursts, so the speed is a mean over several.
  let stepTimes: number[] = [];
  let untimed = maxInFlight;
  const interrupt = () => {
    stepTimes = [];
    // Steps that were submitted together come home together: the time between them says nothing.
    untimed = maxInFlight;
  };

  return {
    take: (event) => {
      if (event.kind === 'validation') {
        const { step, bpc, standardError, answers } = event;
        emit({ kind: 'validation', step, bpc, standardError, answers });
        interrupt();
        return;
      }
      const now = performance.now();
      if (untimed > 0) untimed -= 1;
      else stepTimes = [...stepTimes.slice(-meanSteps), now];
      const elapsed = now - stepTimes[0];
      // A speed that is known is better than one of few steps.
      if (elapsed > 0 && (rate === 0 || stepTimes.length > 4)) {
        rate = (1000 * tokensPerStep * (stepTimes.length - 1)) / elapsed;
      }
      const { step, gradNorm } = event;
      pending.push({ step, loss: event.loss * bits, gradNorm, tokensPerSecond: rate > 0 ? rate : Number.NaN });
      const layers = event.maxVio.length;
      if (layers > 0) {
        const { load, maxVio, dropRate } = event;
        lastLoad = { kind: 'load', step, layers, experts: load.length / layers, load, maxVio, dropRate };
      }
    },
    interrupt,
    cut: (step) => {
      pending = pending.filter((point) => point.step <= step);
      emit({ kind: 'rewound', step });
    },
    isDue: () => performance.now() - lastFlush > flushInterval,
    flush: () => {
      lastFlush = performance.now();
      if (pending.length > 0) {
        emit({
          kind: 'metrics',
          step: Float64Array.from(pending, ({ step }) => step),
          loss: Float32Array.from(pending, ({ loss }) => loss),
          gradNorm: Float32Array.from(pending, ({ gradNorm }) => gradNorm),
          tokensPerSecond: Float32Array.from(pending, ({ tokensPerSecond }) => tokensPerSecond),
        });
      }
      pending = [];
      if (lastLoad) emit(lastLoad);
      lastLoad = null;
    },
    tokensPerSecond: () => rate,
  };
}
