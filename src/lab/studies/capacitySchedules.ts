/** The EC-DLM table (arXiv 2604.01622): capacity by mask ratio, at equal expected operations. */
import { length, medium, small } from './sizes.ts';
import { finalBpc, isPositive, seedsOf, withError } from './statistics.ts';
import type { Study } from './study.ts';

/** From 0.4 to 1.6 times the average, as in the original (8 to 32 of 20). */
const lowest = { 'model.minChoices': 0.8 };

const schedules = [
  ['constant', 'Constant'],
  ['linear', 'Linear'],
  ['linear-reverse', 'Linear, reversed'],
  ['cosine', 'Cosine'],
  ['cosine-reverse', 'Cosine, reversed'],
  ['gaussian', 'Gaussian'],
  ['gaussian-reverse', 'Gaussian, reversed'],
] as const;

export const capacitySchedules: Study = {
  id: 'capacity-schedules',
  title: 'Capacity by mask ratio',
  question: 'Where in the denoising should experts work harder, if the average stays the same?',
  sizes: {
    software: { settings: { ...small, ...lowest, ...length(1000) }, seeds: 3 },
    laptop: { settings: { ...medium, ...lowest, ...length(600) }, seeds: 3 },
  },
  arms: schedules.map(([id, label]) => ({ id, label, settings: { 'model.capacitySchedule': id } })),
  budgets: [
    { by: 'flops', arms: schedules.map(([id]) => id), tolerance: 0.001 },
    { by: 'parameters', arms: schedules.map(([id]) => id), tolerance: 0 },
  ],
  verdicts: (results) => {
    const against = (one: string, other: string) => {
      const gain = results.difference(one, other, finalBpc);
      const [worse, better] = [one, other].map((id) => withError(results.mean(id, finalBpc)));
      return {
        outcome: isPositive(gain),
        evidence: `${one} ${worse}, ${other} ${better} bits per character; difference ${withError(gain)} (${seedsOf([gain])}).`,
      };
    };
    return [
      {
        claim: 'More capacity where little is masked (linear-reverse) is better than a constant one.',
        ...against('constant', 'linear-reverse'),
      },
      {
        claim: 'More capacity where much is masked (linear) is worse than a constant one.',
        ...against('linear', 'constant'),
      },
      { claim: 'Linear-reverse is better than linear.', ...against('linear', 'linear-reverse') },
    ];
  },
};
