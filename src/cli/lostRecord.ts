/** The record of a run out of its metrics, where `record.json` was lost: times follow from the speed of each step. */
import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import { createRunCollector } from '../run/record.ts';
import type { RunText } from '../train/text.ts';
import { readMetrics } from './runDirectory.ts';

/** What is read of a line; `trainCommand.ts` writes them. */
interface Metrics {
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  readonly maxVio?: readonly number[];
  readonly dropRate?: readonly number[];
  readonly validationBpc?: number;
  readonly validationStderr?: number;
  readonly accuracy?: number;
}

export function recordOfMetrics(directory: string, experiment: Experiment, text: RunText, step: number): RunRecord {
  const created = new Date().toISOString();
  const identity = { id: randomUUID(), name: basename(resolve(directory)), created, study: null };
  const collector = createRunCollector({ identity, experiment, text });
  const tokensPerStep = experiment.training.batchSize * experiment.data.sequenceLength;
  let now = 0;
  collector.startClock(now);
  for (const line of readMetrics(directory, step)) {
    const metrics = JSON.parse(line) as Metrics;
    now += (1000 * tokensPerStep) / Math.max(1, metrics.tokensPerSecond);
    const { maxVio = [], dropRate = [] } = metrics;
    const perLayer = { maxVio: Float32Array.from(maxVio), dropRate: Float32Array.from(dropRate) };
    collector.take({ kind: 'step', ...metrics, ...perLayer, load: new Float32Array(0) }, now);
    const { step: at, validationBpc: bpc, validationStderr: standardError, accuracy } = metrics;
    if (bpc === undefined || standardError === undefined) continue;
    const answers = accuracy === undefined ? undefined : { accuracy, pairs: 0 };
    collector.take({ kind: 'validation', step: at, bpc, standardError, tokens: 0, answers }, now);
  }
  return collector.record(step === experiment.training.steps ? 'finished' : 'stopped');
}
