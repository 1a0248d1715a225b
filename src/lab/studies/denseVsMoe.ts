/** The founding figure: experts against dense models of equal cost and of equal size. */

import { length, medium, small } from './sizes.ts';
import { estimateOf, finalBpc, fixed, isNearZero, orderOf, seedsOf, withError } from './statistics.ts';
import type { Results, Study } from './study.ts';

/** Share of the gain over the dense model within which two routers count as equal; 0.02 of 0.13 in the original. */
const equalShare = 0.25;

export const denseVsMoe: Study = {
  id: 'dense-vs-moe',
  title: 'Dense against experts',
  question: 'At equal training cost, what do experts gain over a dense model, and how far is one of equal size?',
  sizes: {
    software: { settings: { ...small, ...length(3000) }, seeds: 3 },
    laptop: { settings: { ...medium, ...length(500) }, seeds: 3 },
  },
  arms: [
    {
      id: 'flop-dense',
      label: 'Dense, equal FLOPs',
      settings: {},
      match: { arm: 'expert-choice', by: 'flops' },
    },
    { id: 'expert-choice', label: 'Expert choice', settings: { 'model.feedForward': 'expert-choice' } },
    { id: 'token-choice', label: 'Token choice', settings: { 'model.feedForward': 'token-choice' } },
    {
      id: 'parameter-dense',
      label: 'Dense, equal parameters',
      settings: {},
      match: { arm: 'expert-choice', by: 'parameters' },
    },
  ],
  budgets: [
    { by: 'flops', arms: ['flop-dense', 'expert-choice', 'token-choice'], tolerance: 0.005 },
    { by: 'parameters', arms: ['parameter-dense', 'expert-choice', 'token-choice'], tolerance: 0.005 },
  ],
  verdicts: (results) => [
    {
      claim: 'FLOP-matched dense is worse than expert choice, and expert choice worse than parameter-matched dense.',
      ...orderOf(results, named('expert-choice', 'expert choice'), finalBpc),
    },
    {
      claim: 'FLOP-matched dense is worse than token choice, and token choice worse than parameter-matched dense.',
      ...orderOf(results, named('token-choice', 'token choice'), finalBpc),
    },
    { claim: 'Expert choice and token choice learn equally well.', ...equalRouters(results) },
  ],
};

function named(arm: string, label: string) {
  return [
    ['flop-dense', 'FLOP-matched dense'],
    [arm, label],
    ['parameter-dense', 'parameter-matched dense'],
  ] as const;
}

function equalRouters(results: Results) {
  const gap = results.difference('token-choice', 'expert-choice', finalBpc);
  const gains = ['expert-choice', 'token-choice'].map((arm) => results.difference('flop-dense', arm, finalBpc).mean);
  const margin = equalShare * Math.max(0, estimateOf(gains).mean);
  return {
    outcome: isNearZero(gap, margin),
    evidence: `Token choice minus expert choice: ${withError(gap)} bits per character (${seedsOf([gap])}); equal means within ${fixed(margin, 3)}, a quarter of their gain over the FLOP-matched dense model.`,
  };
}
