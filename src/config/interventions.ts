/**
 * What can be changed of a model while it is only run, as data: a variant is a model with interventions. As text, one
 * word each, for addresses and the command line. Carrying them out is `src/model/variant.ts`.
 */
import { ConfigError, shown } from '../base/errors.ts';
import { withSettings } from './experiment.ts';
import type { ModelRef } from './modelRef.ts';
import type { Experiment } from './schema.ts';

export type Intervention =
  /** The expert takes no token: under token choice its tokens take their next best expert, under expert choice its place stays empty. */
  | { readonly kind: 'ablate'; readonly layer: number; readonly expert: number }
  /** The expert keeps its tokens and counts with this share of its gate; with 0 it holds them and adds nothing. */
  | { readonly kind: 'clamp'; readonly layer: number; readonly expert: number; readonly share: number }
  /** Only these experts of a layer take tokens. */
  | { readonly kind: 'experts'; readonly layer: number; readonly experts: readonly number[] }
  /** Who chooses whom, with K and a capacity factor; "dropless" for tokens that choose. */
  | {
      readonly kind: 'router';
      readonly chooser: 'experts' | 'tokens';
      readonly choices: number;
      readonly capacity: number | 'dropless';
    }
  /** Per layer and call, only the experts with most votes: the summed gates of the open positions (DES 2602.00879). */
  | { readonly kind: 'vote'; readonly experts: number }
  /** Per layer and call, only the fewest experts whose summed router probability reaches this share (dMoE 2605.30876). */
  | { readonly kind: 'mass'; readonly share: number }
  /** Revealed positions keep the routes of the call that revealed them (TEAM 2602.08404); while decoding. */
  | { readonly kind: 'freeze' };

export interface Variant {
  readonly model: ModelRef;
  readonly interventions: readonly Intervention[];
}

/** How each kind is written; for help and messages. */
export const interventionForms: Readonly<Record<Intervention['kind'], string>> = {
  ablate: 'ablate:LAYER.EXPERT',
  clamp: 'clamp:LAYER.EXPERT=SHARE',
  experts: 'experts:LAYER=EXPERT,EXPERT...',
  router: 'router:experts|tokens,K,CAPACITY|dropless',
  vote: 'vote:EXPERTS',
  mass: 'mass:SHARE',
  freeze: 'freeze',
};

/** One intervention as text; `parseIntervention` reads it back. */
export function interventionText(one: Intervention): string {
  switch (one.kind) {
    case 'ablate':
      return `ablate:${one.layer}.${one.expert}`;
    case 'clamp':
      return `clamp:${one.layer}.${one.expert}=${one.share}`;
    case 'experts':
      return `experts:${one.layer}=${one.experts.join(',')}`;
    case 'router':
      return `router:${one.chooser},${one.choices},${one.capacity}`;
    case 'vote':
      return `vote:${one.experts}`;
    case 'mass':
      return `mass:${one.share}`;
    case 'freeze':
      return 'freeze';
    default:
      return one satisfies never;
  }
}

const whole = '(0|[1-9][0-9]{0,3})';
const real = '([0-9]+(?:\\.[0-9]+)?(?:e-?[0-9]+)?)';

const readers: readonly { readonly form: RegExp; readonly read: (found: readonly string[]) => Intervention }[] = [
  {
    form: new RegExp(`^ablate:${whole}\\.${whole}$`),
    read: ([, layer, expert]) => ({ kind: 'ablate', layer: Number(layer), expert: Number(expert) }),
  },
  {
    form: new RegExp(`^clamp:${whole}\\.${whole}=${real}$`),
    read: ([, layer, expert, share]) => ({
      ...{ kind: 'clamp', layer: Number(layer), expert: Number(expert) },
      share: Number(share),
    }),
  },
  {
    form: new RegExp(`^experts:${whole}=(${whole}(?:,${whole})*)$`),
    read: ([, layer, experts]) => ({
      kind: 'experts',
      layer: Number(layer),
      experts: experts.split(',').map(Number),
    }),
  },
  {
    form: new RegExp(`^router:(experts|tokens),${whole},(?:${real}|dropless)$`),
    read: ([, chooser, choices, capacity]) => ({
      kind: 'router',
      chooser: chooser === 'experts' ? 'experts' : 'tokens',
      choices: Number(choices),
      capacity: capacity === undefined ? 'dropless' : Number(capacity),
    }),
  },
  { form: new RegExp(`^vote:${whole}$`), read: ([, experts]) => ({ kind: 'vote', experts: Number(experts) }) },
  { form: new RegExp(`^mass:${real}$`), read: ([, share]) => ({ kind: 'mass', share: Number(share) }) },
  { form: /^freeze$/, read: () => ({ kind: 'freeze' }) },
];

/** Reads one intervention. Throws `ConfigError` about `where` for text of another form; whether it fits a model is for `expectInterventions`. */
export function parseIntervention(text: string, where: string): Intervention {
  for (const { form, read } of readers) {
    const found = form.exec(text);
    if (found) return read(found);
  }
  throw new ConfigError(`expected one of ${Object.values(interventionForms).join('; ')}, got ${shown(text)}`, {
    path: where,
  });
}

/** The range that an intervention's own numbers lie in, given its model; a sentence where they do not. */
function faultOf(one: Intervention, { model, objective }: Experiment): string | null {
  const { experts: E, layers, denseLayers } = model;
  if ('layer' in one && (one.layer < denseLayers || one.layer >= layers))
    return `expected a layer with experts, ${denseLayers} to ${layers - 1}, got ${one.layer}`;
  const named = one.kind === 'experts' ? one.experts : 'expert' in one ? [one.expert] : [];
  const unknown = named.find((expert) => expert >= E);
  if (unknown !== undefined) return `expected an expert from 0 to ${E - 1}, got ${unknown}`;
  if (one.kind === 'experts' && new Set(named).size < named.length) return `expected each expert once, got ${named}`;
  if (one.kind === 'clamp' && !(one.share <= 1)) return `expected a share from 0 to 1, got ${one.share}`;
  if (one.kind === 'vote' && !(one.experts >= 1 && one.experts <= E))
    return `expected 1 to ${E} experts, got ${one.experts}`;
  if (one.kind === 'mass' && !(one.share > 0 && one.share <= 1))
    return `expected a share above 0, at most 1, got ${one.share}`;
  const isReduction = one.kind === 'vote' || one.kind === 'mass' || one.kind === 'freeze';
  if (isReduction && objective.kind === 'autoregressive')
    return 'expected a diffusion model, which has open positions, got an autoregressive one';
  return null;
}

/**
 * Throws `ConfigError` unless the interventions fit the model and each other: layers with experts, experts that it has, each
 * named once, one router, one reduction.
 */
export function expectInterventions(interventions: readonly Intervention[], experiment: Experiment): void {
  if (interventions.length > 0 && experiment.model.feedForward === 'dense')
    throw new ConfigError('expected a model with experts, got a dense one', {
      path: interventionText(interventions[0]),
    });
  const seen = new Set<string>();
  for (const one of interventions) {
    const path = interventionText(one);
    const fault = faultOf(one, experiment);
    if (fault) throw new ConfigError(fault, { path });
    for (const place of placesOf(one)) {
      if (seen.has(place)) throw new ConfigError(`expected one intervention on ${place}, got another`, { path });
      seen.add(place);
    }
  }
  const routed = routedExperiment(experiment, interventions);
  if (interventions.some(({ kind }) => kind === 'freeze') && routed.model.feedForward !== 'token-choice')
    throw new ConfigError(
      'expected tokens that choose (routes of single tokens cannot be kept otherwise), got experts that choose',
      {
        path: 'freeze',
      },
    );
}

/** What an intervention is about: two about the same contradict each other. */
function placesOf(one: Intervention): string[] {
  switch (one.kind) {
    case 'ablate':
    case 'clamp':
      return [`expert ${one.layer}.${one.expert}`];
    case 'experts':
      return [`the experts of layer ${one.layer}`];
    case 'router':
      return ['the router'];
    case 'vote':
    case 'mass':
    case 'freeze':
      return ['the experts of a call'];
    default:
      return one satisfies never;
  }
}

/**
 * The configuration whose router the interventions ask for, everything else as it is. Throws `ConfigError` where that model
 * could not be: more choices than experts, experts that would read the future.
 */
export function routedExperiment(experiment: Experiment, interventions: readonly Intervention[]): Experiment {
  const router = interventions.find((one) => one.kind === 'router');
  if (!router) return experiment;
  const { chooser, choices, capacity } = router;
  const path = interventionText(router);
  if (chooser === 'experts' && capacity === 'dropless')
    throw new ConfigError('expected a capacity factor for experts that choose, got "dropless"', { path });
  const feedForward = chooser === 'experts' ? 'expert-choice' : 'token-choice';
  const isSame = feedForward === experiment.model.feedForward;
  try {
    const routed = withSettings(experiment, {
      'model.feedForward': feedForward,
      'model.choices': choices,
      ...(chooser === 'tokens' && { 'model.capacity': capacity === 'dropless' ? 'dropless' : 'factor' }),
      ...(capacity !== 'dropless' && { 'model.capacityFactor': capacity }),
      // What belongs to the other chooser alone: no weights of it are here.
      ...(!isSame && { 'model.capacitySchedule': 'constant', 'model.biasRate': 0 }),
      // The rule about a single renormalised gate is one of training.
      'model.gate': 'scores',
    });
    return { ...routed, model: { ...routed.model, gate: experiment.model.gate } };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(error.message, { path });
    throw error;
  }
}
