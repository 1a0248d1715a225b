/** The ablations of the founding work: one choice of design at a time against the same model. */
import type { Verdict } from '../../config/records.ts';
import type { Experiment } from '../../config/schema.ts';
import { length, medium, small } from './sizes.ts';
import { allOf, finalBpc, isNearZero, isPositive, seedsOf, withError } from './statistics.ts';
import type { Quantity, Results, Settings, Study } from './study.ts';

/** Bits per character within which two models count as equal. */
const margin = 0.03;

/** As many channels in fewer experts, so that there is room for finer ones. */
const coarse: Settings = { 'model.experts': 8, 'model.expertWidth': 16 };

/** Finer experts: `times` as many, as much narrower, as many more per token. */
const finer =
  (times: number) =>
  ({ model }: Experiment): Settings => ({
    'model.experts': model.experts * times,
    'model.choices': model.choices * times,
    'model.expertWidth': model.expertWidth / times,
  });

/** Held-out loss when a tenth of the run was done. */
const earlyBpc: Quantity = ({ validation }) => validation.bpc[0] ?? Number.NaN;

export const designChoices: Study = {
  id: 'design-choices',
  title: 'Design choices',
  question: 'Which choices in the design of a sparse model pay, each alone against the same base?',
  sizes: {
    software: { settings: { ...small, ...coarse, ...length(1000) }, seeds: 3 },
    laptop: { settings: { ...medium, ...length(400) }, seeds: 3 },
  },
  arms: [
    { id: 'base', label: 'Base: expert choice', settings: {} },
    {
      id: 'shared',
      label: 'One of the experts shared',
      settings: ({ model }) => ({
        'model.sharedExperts': 1,
        'model.experts': model.experts - 1,
        'model.choices': model.choices - 1,
      }),
    },
    { id: 'finer-2', label: 'Experts twice as fine', settings: finer(2) },
    { id: 'finer-4', label: 'Experts four times as fine', settings: finer(4) },
    {
      id: 'dense-parent',
      label: 'Dense, as wide as an expert: what is upcycled',
      settings: ({ model }) => ({ 'model.feedForward': 'dense', 'model.hiddenWidth': model.expertWidth }),
    },
    { id: 'upcycled', label: 'Upcycled from dense', settings: {}, from: 'dense-parent' },
    {
      id: 'dense-first',
      label: 'First layer dense',
      settings: ({ model }) => ({
        'model.denseLayers': 1,
        'model.hiddenWidth': model.choices * model.expertWidth,
      }),
    },
    { id: 'scaled', label: 'Routed sum twice as large', settings: { 'model.scalingFactor': 2 } },
    { id: 'batch', label: 'Choice across the batch', settings: { 'model.expertGroup': 'batch' } },
    { id: 'sigmoid', label: 'Sigmoid scores', settings: { 'model.score': 'sigmoid' } },
  ],
  budgets: [
    // A router of four times the experts costs up to 8 percent of such a small model; a first layer without one, or a
    // shared expert, saves it.
    {
      by: 'flops',
      arms: ['base', 'shared', 'finer-2', 'finer-4', 'upcycled', 'dense-first', 'scaled', 'batch', 'sigmoid'],
      tolerance: 0.08,
    },
    { by: 'parameters', arms: ['base', 'shared', 'upcycled', 'scaled', 'batch', 'sigmoid'], tolerance: 0.005 },
  ],
  verdicts: (results) => [
    { claim: 'A shared expert is better than none.', ...isBetter(results, 'shared', 'base') },
    {
      claim: 'Finer experts are better.',
      ...both(isBetter(results, 'finer-2', 'base'), isBetter(results, 'finer-4', 'finer-2')),
    },
    {
      claim: 'An upcycled model leads early and is overtaken.',
      ...both(isBetter(results, 'upcycled', 'base', earlyBpc), isBetter(results, 'base', 'upcycled')),
    },
    { claim: 'A dense first layer gains nothing.', ...hasNoGain(results, 'dense-first') },
    { claim: 'Scaling the routed sum gains nothing.', ...hasNoGain(results, 'scaled') },
    { claim: 'Choosing across the batch learns as well as within a sequence.', ...isEqual(results, 'batch') },
    { claim: 'Sigmoid and softmax scores learn equally well.', ...isEqual(results, 'sigmoid') },
  ],
};

type Judgement = Pick<Verdict, 'outcome' | 'evidence'>;

function isBetter(results: Results, better: string, worse: string, quantity = finalBpc): Judgement {
  const gain = results.difference(worse, better, quantity);
  const when = quantity === earlyBpc ? 'after a tenth of the run' : 'at the end';
  const means = [better, worse].map((arm) => `${arm} ${withError(results.mean(arm, quantity))}`);
  return {
    outcome: isPositive(gain),
    evidence: `${means.join(', ')} bits per character ${when}; gain ${withError(gain)} (${seedsOf([gain])}).`,
  };
}

/** No gain: a loss, or so small a gain that it lies within the margin. */
function hasNoGain(results: Results, arm: string): Judgement {
  const loss = results.difference(arm, 'base', finalBpc);
  const near = isNearZero(loss, margin);
  return {
    outcome: isPositive(loss) === 'reproduced' ? 'reproduced' : near,
    evidence: `${arm} minus base: ${withError(loss)} bits per character (${seedsOf([loss])}); a gain below ${margin} counts as none.`,
  };
}

function isEqual(results: Results, arm: string): Judgement {
  const gap = results.difference(arm, 'base', finalBpc);
  return {
    outcome: isNearZero(gap, margin),
    evidence: `${arm} minus base: ${withError(gap)} bits per character (${seedsOf([gap])}); equal means within ${margin}.`,
  };
}

function both(one: Judgement, other: Judgement): Judgement {
  return { outcome: allOf([one.outcome, other.outcome]), evidence: `${one.evidence} ${other.evidence}` };
}
