/**
 * Few unique tokens, many epochs: diffusion against autoregression, dense and sparse, and the controls of later work
 * (arXiv 2510.04071) that ask what the advantage comes from.
 */
import { least } from '../../base/numbers.ts';
import type { RunRecord, Verdict } from '../../config/records.ts';
import type { Experiment } from '../../config/schema.ts';
import { medium, small } from './sizes.ts';
import { allOf, bestBpc, estimateOf, finalBpc, isPositive, seedsOf, withError } from './statistics.ts';
import type { Arm, Estimate, Quantity, Results, Settings, Study, Table } from './study.ts';

/** Rise of the held-out loss from its lowest point that counts as overfitting, in bits per character. */
const rise = 0.05;

const kinds = [
  { id: 'diffusion', label: 'Diffusion', settings: { 'objective.kind': 'diffusion' } },
  { id: 'ar', label: 'AR', settings: { 'objective.kind': 'autoregressive' } },
] as const;

const shapes = ['dense', 'moe', 'large'] as const;

/** The same three models under both objectives: experts are chosen by tokens, as a causal model requires. */
const models: readonly Arm[] = kinds.flatMap(({ id, label, settings }): Arm[] => [
  { id: `${id}-dense`, label: `${label}, dense, equal FLOPs`, settings, match: { arm: `${id}-moe`, by: 'flops' } },
  { id: `${id}-moe`, label: `${label}, experts`, settings },
  {
    id: `${id}-large`,
    label: `${label}, dense, equal parameters`,
    settings,
    match: { arm: `${id}-moe`, by: 'parameters' },
  },
]);

const control = (id: string, label: string, settings: Settings): Arm => ({
  id: `ar-moe-${id}`,
  label: `AR, experts, ${label}`,
  settings: { ...kinds[1].settings, ...settings },
});

const controls: readonly Arm[] = [
  control('masking', 'input masking 0.3', { 'objective.inputMasking': 0.3 }),
  control('dropout', 'dropout 0.2', { 'model.dropout': 0.2 }),
  control('decay', 'weight decay 1', { 'training.weightDecay': 1 }),
];

/** More parameters than unique tokens, as in the original: these models can learn the text by heart. */
const large: Settings = { 'model.experts': 8, 'model.expertWidth': 32 };

/** `epochs` over the first `characters`, validated after each twentieth. */
function repeated(base: Settings, characters: number, epochs: number): Settings {
  const tokensPerStep = (base['training.batchSize'] as number) * (base['data.sequenceLength'] as number);
  const steps = Math.ceil((characters * epochs) / tokensPerStep);
  return {
    ...base,
    'model.feedForward': 'token-choice',
    'data.trainingCharacters': characters,
    'training.steps': steps,
    'training.evaluateEvery': Math.ceil(steps / 20),
  };
}

export const repeatedData: Study = {
  id: 'repeated-data',
  title: 'Repeated data',
  question: 'With few unique tokens and many epochs, which models go on learning and which learn by heart?',
  sizes: {
    software: { settings: repeated({ ...small, ...large }, 8_000, 64), seeds: 3 },
    laptop: { settings: repeated(medium, 8_000, 60), seeds: 3 },
  },
  arms: [...models, ...controls],
  budgets: [
    { by: 'flops', arms: ['diffusion-dense', 'diffusion-moe', 'ar-dense', 'ar-moe'], tolerance: 0.01 },
    { by: 'parameters', arms: ['diffusion-large', 'diffusion-moe', 'ar-large', 'ar-moe'], tolerance: 0.01 },
  ],
  tables: (results) => [epochTable(results), crossoverTable(results)],
  verdicts: (results) => [
    {
      claim: 'On repeated data the diffusion model with experts beats its FLOP-matched dense model.',
      ...beaten(results, 'diffusion-moe', ['diffusion-dense'], finalBpc),
    },
    {
      claim: 'At the end of training, the diffusion model with experts beats every autoregressive model.',
      ...beaten(results, 'diffusion-moe', ['ar-dense', 'ar-moe', 'ar-large'], finalBpc),
    },
    {
      claim: 'It does so even where each model is stopped at its best.',
      ...beaten(results, 'diffusion-moe', ['ar-dense', 'ar-moe', 'ar-large'], bestBpc),
    },
    { claim: 'The model with experts is the worst autoregressive model.', ...worst(results) },
    {
      claim:
        'The held-out loss of autoregressive models rises again with the epochs; that of diffusion models does not.',
      ...rising(results),
    },
    {
      claim: 'Input masking alone closes most of the distance between autoregression and diffusion.',
      ...closing(results),
    },
  ],
};

type Judgement = Pick<Verdict, 'outcome' | 'evidence'>;

const named = (arm: string, estimate: Estimate) => `${arm} ${withError(estimate)}`;

function beaten(results: Results, winner: string, losers: readonly string[], quantity: Quantity): Judgement {
  const gaps = losers.map((loser) => results.difference(loser, winner, quantity));
  const means = [winner, ...losers].map((arm) => named(arm, results.mean(arm, quantity)));
  const which = quantity === bestBpc ? 'at its best' : 'at the end';
  return {
    outcome: allOf(gaps.map(isPositive)),
    evidence: `${means.join(', ')} bits per character ${which}; behind by ${gaps.map((gap) => withError(gap)).join(', ')} (${seedsOf(gaps)}).`,
  };
}

function worst(results: Results): Judgement {
  const gaps = ['ar-dense', 'ar-large'].map((other) => results.difference('ar-moe', other, finalBpc));
  const means = ['ar-moe', 'ar-dense', 'ar-large'].map((arm) => named(arm, results.mean(arm, finalBpc)));
  const best = ['ar-moe', 'ar-dense', 'ar-large'].map((arm) => named(arm, results.mean(arm, bestBpc)));
  return {
    outcome: allOf(gaps.map(isPositive)),
    evidence: `${means.join(', ')} bits per character at the end (at their best ${best.join(', ')}); differences ${gaps.map((gap) => withError(gap)).join(', ')} (${seedsOf(gaps)}).`,
  };
}

function rising(results: Results): Judgement {
  const rose: Quantity = (run) => finalBpc(run) - bestBpc(run);
  const of = (kind: string) => shapes.map((shape) => results.mean(`${kind}-${shape}`, rose));
  const [diffusion, ar] = [of('diffusion'), of('ar')];
  const beyond = (estimate: Estimate) => isPositive({ ...estimate, mean: estimate.mean - rise });
  const within = (estimate: Estimate) => isPositive({ ...estimate, mean: rise - estimate.mean });
  const told = (estimates: readonly Estimate[]) => estimates.map((estimate) => withError(estimate)).join(', ');
  return {
    outcome: allOf([...ar.map(beyond), ...diffusion.map(within)]),
    evidence: `Rise from the lowest held-out loss to the last (${shapes.join(', ')}): autoregressive ${told(ar)}, diffusion ${told(diffusion)} bits per character; more than ${rise} counts (${seedsOf([...ar, ...diffusion])}).`,
  };
}

/** Closes most: the masked model ends below the middle between the two. Says nothing where diffusion is not ahead. */
function closing(results: Results): Judgement {
  const distances = results.runs('ar-moe').map((run) => {
    const [masked, diffusion] = ['ar-moe-masking', 'diffusion-moe'].map((arm) => ofSeed(results, arm, run));
    return (finalBpc(run) + diffusion) / 2 - masked;
  });
  const below = estimateOf(distances);
  const lead = results.difference('ar-moe', 'diffusion-moe', finalBpc);
  const means = ['ar-moe', ...controls.map(({ id }) => id), 'diffusion-moe'].map((arm) =>
    named(arm, results.mean(arm, finalBpc)),
  );
  return {
    outcome: isPositive(lead) === 'reproduced' ? isPositive(below) : 'undecided',
    evidence: `${means.join(', ')} bits per character at the end; diffusion leads by ${withError(lead)}, and input masking lies ${withError(below)} below the middle between the two (${seedsOf([lead, below])}).`,
  };
}

function ofSeed(results: Results, arm: string, { experiment }: RunRecord): number {
  const { seed } = experiment.training;
  const run = results.runs(arm).find((other) => other.experiment.training.seed === seed);
  return run ? finalBpc(run) : Number.NaN;
}

/** Epochs after so many steps; tokens are characters here. */
function epochsAt({ data, training }: Experiment, steps: number): number {
  return (steps * training.batchSize * data.sequenceLength) / data.trainingCharacters;
}

/** Mean held-out loss of an arm at each validation; the mean over the steps since the last for the training loss. */
function epochTable(results: Results): Table {
  const arms = [...models, ...controls].filter(({ id }) => results.runs(id).length > 0);
  const [first] = arms.flatMap(({ id }) => results.runs(id));
  const steps = first?.validation.step ?? [];
  const cell = (arm: string, index: number) => {
    const runs = results.runs(arm);
    const held = estimateOf(runs.map(({ validation }) => validation.bpc[index] ?? Number.NaN));
    const trained = estimateOf(runs.map(({ training }) => trainingAt(training, steps[index])));
    return `${trained.mean.toFixed(2)} / ${held.mean.toFixed(2)}`;
  };
  return {
    title: 'Training / held-out loss by epoch, in bits per character, means over seeds',
    columns: ['epoch', ...arms.map(({ label }) => label)],
    rows: steps.map((step, index) => [
      epochsAt(first.experiment, step).toFixed(1),
      ...arms.map(({ id }) => cell(id, index)),
    ]),
  };
}

/** The training loss around a step: of the point of the curve that the step falls into. */
function trainingAt({ step, bpc }: RunRecord['training'], at: number): number {
  const index = step.findIndex((end) => end >= at);
  return bpc[index < 0 ? bpc.length - 1 : index] ?? Number.NaN;
}

/** Where diffusion overtakes autoregression: the first validation from which its mean stays below. */
function crossoverTable(results: Results): Table {
  return {
    title: 'Where diffusion overtakes autoregression (held-out loss, means over seeds)',
    columns: ['model', 'epoch', 'lowest AR loss', 'at epoch', 'lowest diffusion loss'],
    rows: shapes.flatMap((shape) => {
      const [run] = results.runs(`ar-${shape}`);
      if (!run || results.runs(`diffusion-${shape}`).length === 0) return [];
      const [diffusion, ar] = ['diffusion', 'ar'].map((kind) => meanCurve(results.runs(`${kind}-${shape}`)));
      const last = ar.findLastIndex((loss, index) => diffusion[index] >= loss);
      const epoch = (index: number) => epochsAt(run.experiment, run.validation.step[index]).toFixed(1);
      const lowest = ar.indexOf(least(ar));
      return [
        [
          shape,
          last === ar.length - 1 ? 'not within the run' : epoch(last + 1),
          ar[lowest].toFixed(3),
          epoch(lowest),
          least(diffusion).toFixed(3),
        ],
      ];
    }),
  };
}

function meanCurve(runs: readonly RunRecord[]): number[] {
  return runs[0].validation.step.map(
    (_, index) => estimateOf(runs.map(({ validation }) => validation.bpc[index])).mean,
  );
}
