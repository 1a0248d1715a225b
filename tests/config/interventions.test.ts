/** Interventions as text, and which of them fit a model. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  expectInterventions,
  type Intervention,
  interventionText,
  parseIntervention,
  routedExperiment,
} from '../../src/config/interventions.ts';
import { tinyExperiment } from '../support/tinyRun.ts';

const whole = fc.integer({ min: 0, max: 63 });
const share = fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs);
const anyIntervention: fc.Arbitrary<Intervention> = fc.oneof(
  fc.record({ kind: fc.constant('ablate' as const), layer: whole, expert: whole }),
  fc.record({ kind: fc.constant('clamp' as const), layer: whole, expert: whole, share }),
  fc.record({ kind: fc.constant('experts' as const), layer: whole, experts: fc.uniqueArray(whole, { minLength: 1 }) }),
  fc.record({
    kind: fc.constant('router' as const),
    chooser: fc.constantFrom('experts' as const, 'tokens' as const),
    choices: whole,
    capacity: fc.oneof(share, fc.constant('dropless' as const)),
  }),
  fc.record({ kind: fc.constant('vote' as const), experts: whole }),
  fc.record({ kind: fc.constant('mass' as const), share }),
  fc.constant({ kind: 'freeze' as const }),
);

test('what is written is read back', () => {
  fc.assert(
    fc.property(anyIntervention, (one) => {
      expect(parseIntervention(interventionText(one), 'x')).toEqual(one);
    }),
  );
  expect(parseIntervention('ablate:0.3', 'x')).toEqual({ kind: 'ablate', layer: 0, expert: 3 });
  expect(parseIntervention('clamp:2.1=0.25', 'x')).toEqual({ kind: 'clamp', layer: 2, expert: 1, share: 0.25 });
});

test.each([
  '',
  'ablate',
  'ablate:1',
  'ablate:1.2.3',
  'ablate:-1.2',
  'ablate:01.2',
  'ablate:1.2 ',
  'clamp:1.2',
  'clamp:1.2=-1',
  'clamp:1.2=x',
  'experts:1=',
  'experts:1=1,',
  'router:dense,1,1',
  'router:tokens,1',
  'router:tokens,1,x',
  'vote:1.5',
  'mass:',
  'freeze:1',
])('text of another form is refused: "%s"', (text) => {
  expect(() => parseIntervention(text, '--intervene')).toThrow(
    /^--intervene: expected one of ablate:LAYER\.EXPERT; .*freeze, got "/,
  );
});

const parsed = (...texts: string[]) => texts.map((text) => parseIntervention(text, 'x'));

describe('on a model of three layers, the first dense, four experts', () => {
  const tokens = tinyExperiment({ 'model.layers': 3, 'model.denseLayers': 1, 'model.feedForward': 'token-choice' });
  const experts = tinyExperiment({ 'model.layers': 3, 'model.denseLayers': 1 });

  test.each([
    [['ablate:0.1'], /^ablate:0\.1: expected a layer with experts, 1 to 2, got 0$/],
    [['ablate:3.1'], /expected a layer with experts, 1 to 2, got 3/],
    [['clamp:1.4=1'], /^clamp:1\.4=1: expected an expert from 0 to 3, got 4$/],
    [['clamp:1.3=1.5'], /expected a share from 0 to 1, got 1\.5/],
    [['experts:1=0,4'], /expected an expert from 0 to 3, got 4/],
    [['experts:1=0,0'], /expected each expert once, got 0,0/],
    [['ablate:1.1', 'clamp:1.1=0.5'], /^clamp:1\.1=0\.5: expected one intervention on expert 1\.1, got another$/],
    [['vote:2', 'mass:0.5'], /^mass:0\.5: expected one intervention on the experts of a call/],
    [['router:tokens,1,dropless', 'router:experts,1,1'], /expected one intervention on the router/],
    [
      ['router:tokens,5,dropless'],
      /^router:tokens,5,dropless: model\.choices: expected at most model\.experts \(4\), got 5$/,
    ],
    [['router:experts,2,dropless'], /expected a capacity factor for experts that choose, got "dropless"/],
    [['vote:0'], /expected 1 to 4 experts, got 0/],
    [['mass:0'], /expected a share above 0, at most 1, got 0/],
    [['freeze', 'router:experts,2,1'], /^freeze: expected tokens that choose/],
  ])('%j is refused', (texts, sentence) => {
    expect(() => expectInterventions(parsed(...texts), tokens)).toThrow(sentence);
  });

  test('what fits is let through, and other models are not what they are for', () => {
    expectInterventions(parsed('ablate:1.0', 'ablate:2.3', 'clamp:1.1=0', 'experts:2=0,1', 'freeze'), tokens);
    expectInterventions(parsed('router:tokens,1,dropless', 'freeze'), experts);
    expect(() => expectInterventions(parsed('freeze'), experts)).toThrow(/freeze: expected tokens that choose/);
    expect(() => expectInterventions(parsed('ablate:0.0'), tinyExperiment({ 'model.feedForward': 'dense' }))).toThrow(
      'ablate:0.0: expected a model with experts, got a dense one',
    );
    expectInterventions([], tinyExperiment({ 'model.feedForward': 'dense' }));
    const causal = tinyExperiment({ 'objective.kind': 'autoregressive', 'model.feedForward': 'token-choice' });
    expect(() => expectInterventions(parsed('vote:2'), causal)).toThrow(/expected a diffusion model/);
    expect(() => expectInterventions(parsed('router:experts,2,1'), causal)).toThrow(/read the future/);
  });

  test('another router is another configuration, and only in what routes', () => {
    const switched = routedExperiment(experts, parsed('router:tokens,3,1.5'));
    expect(switched.model).toEqual({
      ...experts.model,
      feedForward: 'token-choice',
      choices: 3,
      capacity: 'factor',
      capacityFactor: 1.5,
      biasRate: 0,
    });
    const { choices, capacityFactor } = experts.model;
    expect(routedExperiment(experts, parsed(`router:experts,${choices},${capacityFactor}`))).toEqual(experts);
    expect(routedExperiment(tokens, parsed(`router:tokens,${tokens.model.choices},dropless`))).toEqual(tokens);
    expect(routedExperiment(experts, parsed('ablate:1.1'))).toBe(experts);
    const scheduled = tinyExperiment({ 'model.capacitySchedule': 'linear' });
    expect(routedExperiment(scheduled, parsed('router:tokens,2,1')).model.capacitySchedule).toBe('constant');
    expect(routedExperiment(scheduled, parsed('router:experts,2,1')).model.capacitySchedule).toBe('linear');
    // A single renormalised gate teaches nothing, but can be run.
    expect(routedExperiment(tokens, parsed('router:tokens,1,dropless')).model.choices).toBe(1);
  });
});
