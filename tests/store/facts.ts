/** Facts as the engine tells them, small ones, for tests of the page's stores. */
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { RunStatus } from '../../src/config/records.ts';
import type { Library, MachineReport, ModelReport, ModelSummary } from '../../src/worker/protocol.ts';
import type { Message } from '../../src/worker/telemetry.ts';

export const model: ModelReport = {
  experiment: withSettings(defaultExperiment(), {}),
  vocabulary: ['a', 'b', '[MASK]'],
  maskId: 2,
  expertLayers: [0, 1],
  parameters: { total: 10, active: 5 },
  trainFlopsPerToken: 60,
  inferenceFlopsPerToken: 20,
  split: '',
  windowsPerEpoch: null,
  floorBpc: null,
};

export const machine: MachineReport = {
  adapter: null,
  whyNoGpu: 'No.',
  stepsPerSecond: { cpu: { kind: 'measured', stepsPerSecond: 40 } },
  presetId: 'expert-choice',
  chosen: 'cpu',
};

export const emptyLibrary: Library = { models: [], states: [], budget: 1e6, used: 0 };

/** A library of models with these ids. */
export const libraryOf = (...ids: readonly string[]): Library => ({ ...emptyLibrary, models: ids.map(keptModel) });

function keptModel(id: string): ModelSummary {
  const { experiment } = model;
  return { id, name: `Run ${id}`, step: 10, experiment, savedAt: 0, bytes: 1000, isPinned: false };
}

export const statusOf = (run: string, phase: RunStatus['phase'] = 'running'): RunStatus => ({
  run,
  name: `Run ${run}`,
  created: '2026-01-01T00:00:00.000Z',
  phase,
  ending: phase === 'ended' ? 'stopped' : null,
  problem: null,
  backend: 'cpu',
  step: 3,
  steps: 10,
  tokensPerSecond: 1,
  secondsLeft: 1,
  activity: '',
  memoryBytes: 1,
});

/** Metrics of these steps; every value is its step. */
export const metricsOf = (run: string, steps: readonly number[]): Message<'metrics'> => ({
  kind: 'metrics',
  run,
  step: Float64Array.from(steps),
  loss: Float32Array.from(steps),
  gradNorm: Float32Array.from(steps),
  tokensPerSecond: Float32Array.from(steps),
});

/** What was drawn of a run that goes on, up to its last step. */
export const curvesOf = (run: string, steps: readonly number[]): Message<'curves'> => {
  const { kind: _, gradNorm: __, ...drawn } = metricsOf(run, steps);
  return { kind: 'curves', ...drawn, validation: [{ step: steps[0], bpc: 4.5, standardError: 0.1 }] };
};
