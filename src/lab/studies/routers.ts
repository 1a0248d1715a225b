/** Who chooses whom: loss, balance, drops, and the speed of whole steps. */
import { tokensPerSecond } from '../stepSpeed.ts';
import { length, medium, small } from './sizes.ts';
import { allOf, finalBpc, fixed, isNearZero, isPositive, measured, rounded, seedsOf, withError } from './statistics.ts';
import type { Results, Study, Table } from './study.ts';

/** Bits per character within which two routers count as equal: 0.02 nats of the original's figure. */
const margin = 0.03;

const speed = 'tokensPerSecondInTurns';

export const routers: Study = {
  id: 'expert-choice-vs-token-choice',
  title: 'Expert choice against token choice',
  question:
    'Do experts that choose their tokens learn as well as tokens that choose their experts, and how much faster?',
  sizes: {
    software: { settings: { ...small, ...length(1200) }, seeds: 3 },
    laptop: { settings: { ...medium, ...length(800) }, seeds: 3 },
  },
  arms: [
    { id: 'expert-choice', label: 'Expert choice', settings: { 'model.feedForward': 'expert-choice' } },
    {
      id: 'expert-choice-batch',
      label: 'Expert choice, across the batch',
      settings: { 'model.feedForward': 'expert-choice', 'model.expertGroup': 'batch' },
    },
    { id: 'token-choice', label: 'Token choice, dropless', settings: { 'model.feedForward': 'token-choice' } },
    {
      id: 'token-choice-capacity',
      label: 'Token choice, capacity 1',
      settings: { 'model.feedForward': 'token-choice', 'model.capacity': 'factor', 'model.dropRule': 'score' },
    },
  ],
  budgets: [
    {
      by: 'parameters',
      arms: ['expert-choice', 'expert-choice-batch', 'token-choice', 'token-choice-capacity'],
      tolerance: 0,
    },
  ],
  measure: async (runtime, subjects, onProgress) => {
    const speeds = await tokensPerSecond(runtime, subjects, onProgress);
    return new Map([...speeds].map(([arm, value]) => [arm, { [speed]: value }]));
  },
  tables: (results) => [routerTable(results)],
  verdicts: (results) => {
    const loss = results.difference('expert-choice', 'token-choice', finalBpc);
    const unbalanced = results.difference('token-choice', 'expert-choice', measured('maxVio'));
    const drops = results.mean('token-choice-capacity', measured('dropRate'));
    const cost = results.difference('token-choice-capacity', 'token-choice', finalBpc);
    const faster = results.difference('expert-choice', 'token-choice', (run) => Math.log(measured(speed)(run)));
    const percent = (logarithm: number) => fixed(100 * (Math.exp(logarithm) - 1), 1);
    return [
      {
        claim: 'Expert choice and dropless token choice learn equally well.',
        outcome: isNearZero(loss, margin),
        evidence: `Expert choice minus token choice: ${withError(loss)} bits per character (${seedsOf([loss])}); equal means within ${margin}.`,
      },
      {
        claim: 'Expert choice is balanced by construction, without an auxiliary loss; token choice is not.',
        outcome: allOf([isNearZero(results.mean('expert-choice', measured('maxVio')), 0), isPositive(unbalanced)]),
        evidence: `MaxVio ${withError(results.mean('expert-choice', measured('maxVio')))} against ${withError(results.mean('token-choice', measured('maxVio')))} with the Switch loss (${seedsOf([unbalanced])}).`,
      },
      {
        claim: 'Token choice under a capacity of 1 drops routes.',
        outcome: isPositive(drops),
        evidence: `${withError(drops, 4)} of the routes are dropped; the loss differs from dropless by ${withError(cost)} bits per character (${seedsOf([cost])}).`,
      },
      {
        claim: 'Expert choice trains faster than dropless token choice; 15 to 20 % in the original.',
        outcome: isPositive(faster),
        evidence: `Whole steps, in turns in one process: ${percent(faster.mean)} % more tokens per second, from ${percent(faster.mean - faster.error)} to ${percent(faster.mean + faster.error)} % within one standard error (${seedsOf([faster])}).`,
      },
    ];
  },
};

function routerTable(results: Results): Table {
  const base = results.mean('token-choice', measured(speed)).mean;
  return {
    title: 'Balance, drops and speed of whole steps (timed in turns in one process)',
    columns: ['arm', 'bits per character', 'MaxVio', 'dropped routes', 'tokens/s in turns', 'against dropless'],
    rows: routers.arms.flatMap(({ id, label }) => {
      if (results.runs(id).length === 0) return [];
      const tokens = results.mean(id, measured(speed)).mean;
      const dropped = results.mean(id, measured('dropRate'));
      return [
        [
          label,
          withError(results.mean(id, finalBpc)),
          withError(results.mean(id, measured('maxVio'))),
          dropped.count > 0 ? withError(dropped, 4) : 'none',
          rounded(tokens),
          `${fixed(tokens / base, 3)} x`,
        ],
      ];
    }),
  };
}
