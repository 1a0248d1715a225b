/** Small records for tests of the comparison. */
import { withSettings } from '../../../src/config/experiment.ts';
import { presetExperiment } from '../../../src/config/presets.ts';
import type { RunRecord } from '../../../src/config/records.ts';
import type { Setting } from '../../../src/config/settings.ts';
import type { ComparedRun, Origin } from '../../../src/store/compare/groups.ts';

interface Sketch {
  id: string;
  settings?: Record<string, Setting>;
  study?: RunRecord['study'];
  /** (step, seconds, bpc, standard error) of each validation. */
  validation?: readonly (readonly [number, number, number, number])[];
  training?: readonly (readonly [number, number, number])[];
  measures?: Record<string, number>;
}

export function recordOf({ id, settings = {}, study = null, measures = {}, ...curves }: Sketch): RunRecord {
  const { validation = [[10, 1, 3, 0.1]], training = [[1, 0.1, 5]] } = curves;
  return {
    format: 1,
    id,
    name: `run ${id}`,
    created: '2025-01-02T03:04:05.000Z',
    study,
    status: 'finished',
    problem: null,
    experiment: withSettings(presetExperiment('dense'), settings),
    backend: 'cpu',
    adapter: 'a processor',
    costs: { total: 100, active: 50, trainFlopsPerToken: 600, inferenceFlopsPerToken: 200 },
    floorBpc: null,
    steps: 10,
    training: {
      step: training.map(([step]) => step),
      seconds: training.map(([, seconds]) => seconds),
      bpc: training.map(([, , bpc]) => bpc),
    },
    validation: {
      step: validation.map(([step]) => step),
      seconds: validation.map(([, seconds]) => seconds),
      bpc: validation.map(([, , bpc]) => bpc),
      standardError: validation.map(([, , , error]) => error),
    },
    measures,
  };
}

export function runOf(sketch: Sketch, origin: Origin = 'saved'): ComparedRun {
  const record = recordOf(sketch);
  return { key: `${origin}/${record.id}`, origin, record, label: record.study?.arm ?? record.name };
}
