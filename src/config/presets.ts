/**
 * Starting points for an experiment, as data: an id for URLs and `--preset`, words for the picker, and only the
 * settings that differ from the schema's defaults. Not here: the fields themselves (`schema.ts`).
 */
import { ConfigError, shown } from '../base/errors.ts';
import { defaultExperiment, withSettings } from './experiment.ts';
import type { Experiment } from './schema.ts';
import type { Setting } from './settings.ts';

export interface Preset {
  readonly id: string;
  readonly title: string;
  /** One line for the picker. */
  readonly summary: string;
  /** Settings by path, on top of the schema's defaults. */
  readonly settings: Readonly<Record<string, Setting>>;
}

/**
 * About W0 of `src/lab/workloads.ts`: small enough for a browser without a GPU. With Muon, as it learns words in the time
 * in which AdamW learns the frequencies of letters (expert choice, 600 steps on Moby-Dick: 3.73 against 4.20 bits per
 * character).
 */
const small = {
  'model.layers': 2,
  'model.width': 64,
  'model.heads': 2,
  'data.sequenceLength': 64,
  'training.batchSize': 8,
  'training.optimizer': 'muon',
} as const;

/** About W1 of `src/lab/workloads.ts`: for a real GPU. */
const medium = {
  'model.layers': 4,
  'model.width': 128,
  'model.heads': 4,
  'data.sequenceLength': 128,
  'training.batchSize': 16,
  'training.steps': 4000,
  'training.learningRate': 0.002,
  'training.optimizer': 'muon',
} as const;

/** Two experts of 88 channels per token compute what one dense feed-forward of 176 does: equal FLOPs. */
const smallExperts = { 'model.experts': 8, 'model.choices': 2, 'model.expertWidth': 88 } as const;

export const presets: readonly Preset[] = [
  {
    id: 'expert-choice',
    title: 'Experts choose tokens',
    summary: 'Sparse, 8 experts, each takes its top tokens: balanced by construction.',
    settings: { ...small, ...smallExperts, 'model.feedForward': 'expert-choice' },
  },
  {
    id: 'token-choice',
    title: 'Tokens choose experts',
    summary: 'Sparse, 8 experts, each token takes its top 2; balance has to be learned.',
    settings: { ...small, ...smallExperts, 'model.feedForward': 'token-choice' },
  },
  {
    id: 'dense',
    title: 'Dense',
    summary: 'No router; the same computation per token as the two sparse presets.',
    settings: { ...small, 'model.feedForward': 'dense', 'model.hiddenWidth': 176 },
  },
  {
    id: 'ar-dense',
    title: 'Autoregressive, dense',
    summary: 'Writes from left to right: the dense preset with the other objective, to compare with.',
    settings: {
      ...small,
      'model.feedForward': 'dense',
      'model.hiddenWidth': 176,
      'objective.kind': 'autoregressive',
    },
  },
  {
    id: 'ar-moe',
    title: 'Autoregressive, sparse',
    summary: 'From left to right with 8 experts; each token takes its top 2, as experts must not read ahead.',
    settings: {
      ...small,
      ...smallExperts,
      'model.feedForward': 'token-choice',
      'objective.kind': 'autoregressive',
    },
  },
  {
    id: 'block-diffusion',
    title: 'Block diffusion',
    summary: 'Blocks of 16 from left to right, the characters of each in any order: between the two objectives.',
    settings: {
      ...small,
      'model.feedForward': 'dense',
      'model.hiddenWidth': 176,
      'objective.kind': 'block-diffusion',
    },
  },
  {
    id: 'markov',
    title: 'Known entropy',
    summary: 'Expert choice on a Markov source: the chart draws the exact floor of the loss.',
    settings: {
      ...small,
      ...smallExperts,
      'model.feedForward': 'expert-choice',
      'data.corpus': 'markov',
      'data.sequenceLength': 32,
      'training.batchSize': 16,
    },
  },
  {
    id: 'addition',
    title: 'Addition',
    summary: 'Prompts with answers: only the sum is masked and learned, and scored exactly. A minute on a processor.',
    settings: {
      'model.feedForward': 'dense',
      'model.layers': 2,
      'model.width': 64,
      'model.heads': 2,
      'model.hiddenWidth': 128,
      'model.ropeBase': 100,
      'data.corpus': 'addition',
      'data.sequenceLength': 10,
      'training.batchSize': 64,
      'training.steps': 1000,
      'training.optimizer': 'muon',
      'training.learningRate': 0.01,
    },
  },
  {
    id: 'expert-choice-medium',
    title: 'Experts choose tokens, medium',
    summary: 'Width 128, 4 layers, 16 experts: for a machine with a real GPU.',
    settings: {
      ...medium,
      'model.feedForward': 'expert-choice',
      'model.experts': 16,
      'model.choices': 2,
      'model.expertWidth': 176,
    },
  },
];

/** Used until the machine's speed is known, and wherever no other preset is named. */
export const defaultPresetId = 'expert-choice';

/** The preset with this id. Throws `ConfigError` naming the known ids. */
export function presetById(id: string): Preset {
  const preset = presets.find((candidate) => candidate.id === id);
  if (preset) return preset;
  const known = presets.map((candidate) => candidate.id).join(', ');
  throw new ConfigError(`expected one of ${known}, got ${shown(id)}`, { path: 'preset' });
}

/** The complete configuration of a preset. Throws `ConfigError` for an unknown id. */
export function presetExperiment(id: string): Experiment {
  return withSettings(defaultExperiment(), presetById(id).settings);
}

/** What a page may start with, from the least to the most demanding. */
const startingPresetIds = [defaultPresetId, 'expert-choice-medium'] as const;

/** A first run should be over in so many seconds: people watch it. */
const longestFirstRun = 600;

/**
 * The most demanding starting preset whose run takes a few minutes by `secondsOf`, which answers null where that is not
 * known; the least demanding where none is.
 */
export function presetToStartWith(secondsOf: (experiment: Experiment) => number | null): Preset {
  const fitting = startingPresetIds.map(presetById).filter(({ id }) => {
    const seconds = secondsOf(presetExperiment(id));
    return seconds !== null && seconds <= longestFirstRun;
  });
  return fitting.at(-1) ?? presetById(defaultPresetId);
}
