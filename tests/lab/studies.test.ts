/** The declared studies: every arm is a valid configuration, budgets match, and nothing is tuned for one arm. */
import { describe, expect, it } from 'vitest';
import { differences } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { matchKinds } from '../../src/lab/match.ts';
import type { Arm, Study } from '../../src/lab/studies/study.ts';
import { studies, studyById } from '../../src/lab/studies.ts';
import { armExperiments, plannedRuns, studySize, studySizes } from '../../src/lab/studyRuns.ts';
import { accountingOf } from '../../src/run/cost.ts';

const all = studies.flatMap((study) => studySizes.map((size) => ({ name: `${study.id} ${size}`, study, size })));

/** Settings that an arm may not have for itself: with another rate or length it would be tuned, not compared. */
const tuned = [
  'training.learningRate',
  'training.schedule',
  'training.warmupSteps',
  'training.finalShare',
  'training.beta1',
  'training.beta2',
  'training.clipNorm',
  'training.emaDecay',
  'training.batchSize',
  'training.seed',
];

describe.each(all)('$name', ({ study, size }) => {
  it('has valid and different arms', () => {
    const experiments = armExperiments(study, size);
    expect([...experiments.keys()]).toEqual(study.arms.map(({ id }) => id));
    const described = [...experiments.values()].map((experiment) => JSON.stringify(experiment));
    const starts = study.arms.map(({ from = '' }, index) => `${described[index]} ${from}`);
    expect(new Set(starts).size).toBe(study.arms.length);
    expect(new Set(study.arms.map(({ label }) => label)).size).toBe(study.arms.length);
  });

  it('tunes no arm', () => {
    // Arms on different texts are not held against each other.
    const firsts = new Map<string, Experiment>();
    for (const experiment of armExperiments(study, size).values()) {
      const first = firsts.get(experiment.data.corpus) ?? experiment;
      firsts.set(experiment.data.corpus, first);
      expect(Object.keys(differences(experiment, first)).filter((path) => tuned.includes(path))).toEqual([]);
    }
  });

  it('matches its budgets', () => {
    const experiments = armExperiments(study, size);
    for (const { by, arms, tolerance } of study.budgets) {
      const figures = arms.map((arm) => accountingOf(experiments.get(arm)!, 64)[matchKinds[by]]);
      for (const figure of figures) expect(Math.abs(figure / figures[0] - 1)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('computes no more than its size has time for', () => {
    // An hour at 2 GFLOP/s, which small steps of the CPU twins exceed on one core; ten minutes at 250 on a GPU.
    const most = { software: 3600 * 2e9, laptop: 600 * 250e9 }[size];
    const flops = plannedRuns(study, size, study.sizes[size].seeds).map(({ experiment }) => {
      const { training, data } = experiment;
      const tokens = training.steps * training.batchSize * data.sequenceLength;
      return tokens * accountingOf(experiment, 80).trainFlopsPerToken;
    });
    expect(flops.reduce((sum, one) => sum + one, 0)).toBeLessThan(most);
  });

  it('plans every arm with every seed, after what it starts from', () => {
    const runs = plannedRuns(study, size, 2);
    expect(runs).toHaveLength(2 * study.arms.length);
    expect(new Set(runs.map(({ name }) => name)).size).toBe(runs.length);
    const before = new Set<string>();
    for (const { name, from, seed, experiment } of runs) {
      if (from !== null) expect(before.has(from)).toBe(true);
      expect(experiment.training.seed).toBe(seed);
      before.add(name);
    }
  });

  it('says undecided of runs that are not there, in whole sentences', () => {
    const none = { runs: () => [], mean: () => missing, difference: () => missing };
    for (const { claim, outcome, evidence } of study.verdicts(none)) {
      expect(claim).toMatch(/^[A-Z].*\.$/);
      expect(evidence).toMatch(/\.$/);
      expect(outcome).toBe('undecided');
    }
  });
});

const missing = { mean: Number.NaN, error: Number.NaN, count: 0 };

describe('plans', () => {
  const study: Study = {
    ...studyById('dense-vs-moe'),
    arms: [
      { id: 'a', label: 'A', settings: {}, match: { arm: 'b', by: 'flops' } },
      { id: 'b', label: 'B', settings: {} },
    ] satisfies Arm[],
  };

  it('take changes for all arms, before widths are matched', () => {
    const experiments = armExperiments(study, 'software', { 'model.expertWidth': 40, 'training.steps': '7' });
    expect(experiments.get('b')!.model.expertWidth).toBe(40);
    // 2 x 40 channels, and the router, whose 16 rows are worth 16 / 3 channels.
    expect(experiments.get('a')!.model).toMatchObject({ feedForward: 'dense', hiddenWidth: 85 });
    for (const { training } of experiments.values()) expect(training.steps).toBe(7);
  });

  it('refuse what is not there in one sentence', () => {
    expect(() => studyById('alchemy')).toThrow(/^study: expected one of dense-vs-moe, .*got "alchemy"$/);
    expect(() => studySize('huge')).toThrow('size: expected one of software, laptop, got "huge"');
    expect(() => armExperiments(study, 'software', { 'model.layers': 0 })).toThrow('model.layers: expected');
  });
});
