/** What the page hears of a run: its status, metrics in batches, the latest expert load, validations. */
import { runRef } from '../config/modelRef.ts';
import type { RunNews } from '../run/ports.ts';
import type { RunText } from '../train/text.ts';
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
  const bits = trainTokensPerCharacter / Math.LN2;
  let pending: Point[] = [];
  let load: Message<'load'> | null = null;
  let lastFlush = Number.NEGATIVE_INFINITY;

  const flush = () => {
    lastFlush = now();
    if (pending.length > 0) {
      emit({
        kind: 'metrics',
        run,
        step: Float64Array.from(pending, ({ step }) => step),
        loss: Float32Array.from(pending, ({ loss }) => loss),
        gradNorm: Float32Array.from(pending, ({ gradNorm }) => gradNorm),
        tokensPerSecond: Float32Array.from(pending, ({ tokensPerSecond }) => tokensPerSecond),
      });
    }
    pending = [];
    if (load) emit(load);
    load = null;
  };
  const take = ({ event, tokensPerSecond }: Extract<RunNews, { kind: 'event' }>) => {
    if (event.kind === 'validation') {
      const { step, bpc, standardError, answers } = event;
      emit({ kind: 'validation', run, step, bpc, standardError, answers });
      return;
    }
    const { step, gradNorm, maxVio, dropRate } = event;
    pending.push({ step, loss: event.loss * bits, gradNorm, tokensPerSecond });
    const layers = maxVio.length;
    if (layers === 0) return;
    load = {
      kind: 'load',
      model: runRef(run),
      step,
      layers,
      experts: event.load.length / layers,
      load: event.load,
      maxVio,
      dropRate,
    };
  };
  return (news) => {
    switch (news.kind) {
      case 'status':
        flush();
        emit({ kind: 'status', status: news.status });
        return;
      case 'event':
        take(news);
        if (now() - lastFlush <= flushInterval) return;
        flush();
        emit({ kind: 'status', status: news.status() });
        return;
      case 'rewound':
        pending = pending.filter((point) => point.step <= news.step);
        emit({ kind: 'rewound', run, step: news.step });
        return;
      default:
        news satisfies never;
    }
  };
}
