/**
 * A model with interventions (`src/config/interventions.ts`): forward passes whose routes are changed by numbers that they
 * take at run time. Only another router is another plan. The reductions of SCIENCE 6 need to know which positions are
 * open: those that hold the mask (of block diffusion in the first block that has one).
 */
import { ConfigError } from '../base/errors.ts';
import { expectInterventions, type Intervention, routedExperiment } from '../config/interventions.ts';
import { attentionBlock } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import type { ForwardResult, LayerDecision, RouteShares } from './forwardPass.ts';
import type { Model } from './model.ts';

export interface VariantPass {
  readonly B: number;
  readonly T: number;
  readonly columns: number;
  /** As `ForwardPass.run`, changed. With `freeze`, calls are those of one decode, in their order. */
  run(tokens: Uint32Array): Promise<ForwardResult>;
}

/** Where a share means that the expert takes no token. */
const removed = -1;

/** A forward pass; `shares` as in `ForwardPass`. */
type Run = (tokens: Uint32Array, shares: RouteShares) => Promise<ForwardResult>;

/**
 * A forward pass of B sequences of T tokens of the model with interventions. Throws `ConfigError` for those that do not fit
 * it, and for `freeze` with several sequences.
 */
export async function variantPass(
  model: Model,
  interventions: readonly Intervention[],
  B: number,
  T: number,
): Promise<VariantPass> {
  expectInterventions(interventions, model.experiment);
  const { columns, run } = await model.forward(B, T, routedExperiment(model.experiment, interventions));
  return { B, T, columns, run: variantRun(model, run, interventions, { B, T }) };
}

/** The same for whoever lends a forward pass for each call: that of `routedExperiment`, whose interventions were checked. */
export function variantRun(
  { experiment, maskId }: Pick<Model, 'experiment' | 'maskId'>,
  run: Run,
  interventions: readonly Intervention[],
  { B, T }: { B: number; T: number },
): (tokens: Uint32Array) => Promise<ForwardResult> {
  const shares = fixedShares(interventions, experiment);
  const openOf = (tokens: Uint32Array) => openPositions(tokens, { T, maskId, block: attentionBlock(experiment) });
  for (const one of interventions) {
    switch (one.kind) {
      case 'vote':
      case 'mass':
        return (tokens) => reducedRun(run, tokens, { shares, rule: one, open: openOf(tokens), T });
      case 'freeze':
        if (B > 1) throw new ConfigError('freeze: expected one sequence that is decoded, got several');
        return frozenRun(run, shares, maskId);
    }
  }
  return (tokens) => run(tokens, shares);
}

/** Shares (E) of the layers whose experts are ablated, clamped or kept to a set. */
export function fixedShares(
  interventions: readonly Intervention[],
  { model }: Pick<Experiment, 'model'>,
): Map<number, Float32Array> {
  const shares = new Map<number, Float32Array>();
  const of = (layer: number) => {
    const known = shares.get(layer) ?? new Float32Array(model.experts).fill(1);
    shares.set(layer, known);
    return known;
  };
  for (const one of interventions) {
    if (one.kind === 'clamp') of(one.layer)[one.expert] = one.share;
  }
  for (const one of interventions) {
    if (one.kind === 'ablate') of(one.layer)[one.expert] = removed;
    if (one.kind === 'experts')
      of(one.layer).forEach((share, expert, all) => {
        all[expert] = one.experts.includes(expert) ? share : removed;
      });
  }
  return shares;
}

/** (B * T) 1 where a position holds the mask, within the first block of its sequence that has one. */
export function openPositions(
  tokens: Uint32Array,
  { T, maskId, block }: { T: number; maskId: number; block: number },
): Uint8Array {
  const open = new Uint8Array(tokens.length);
  for (let start = 0; start < tokens.length; start += T) {
    const first = tokens.subarray(start, start + T).indexOf(maskId);
    if (first < 0) continue;
    const end = Math.min(T, (Math.floor(first / block) + 1) * block);
    for (let n = start + first; n < start + end; n++) open[n] = Number(tokens[n] === maskId);
  }
  return open;
}

interface Reduction {
  readonly shares: RouteShares;
  readonly rule: Extract<Intervention, { kind: 'vote' | 'mass' }>;
  readonly open: Uint8Array;
  readonly T: number;
}

/**
 * Every layer's set follows from its router under the sets of the layers before: one pass per layer with experts, then the
 * one that counts. Each sequence has sets of its own; one without open positions is left as it is.
 */
async function reducedRun(
  run: Run,
  tokens: Uint32Array,
  { shares: fixed, rule, open, T }: Reduction,
): Promise<ForwardResult> {
  const shares = new Map(fixed);
  let result = await run(tokens, shares);
  for (let index = 0; index < result.layers.length; index++) {
    const decision = result.layers[index];
    const { layer, experts: E } = decision;
    const own = fixed.get(layer) ?? new Float32Array(E).fill(1);
    const rows = new Float32Array(tokens.length * E);
    for (let start = 0; start < tokens.length; start += T) {
      const kept = keptExperts(rule, decision, { open, start, end: start + T, shares: own });
      for (let n = start; n < start + T; n++) {
        for (let e = 0; e < E; e++) rows[n * E + e] = kept[e] ? own[e] : removed;
      }
    }
    shares.set(layer, rows);
    result = await run(tokens, new Map(shares));
  }
  return result;
}

/** (E) 1 for the experts that a reduction keeps for the tokens `start` to `end` - 1, ties to the lower expert. */
export function keptExperts(
  rule: Reduction['rule'],
  { experts: E, gates, scores }: Pick<LayerDecision, 'experts' | 'gates' | 'scores'>,
  { open, start, end, shares }: { open: Uint8Array; start: number; end: number; shares: Float32Array },
): Uint8Array {
  const weights = new Float64Array(E);
  let positions = 0;
  for (let n = start; n < end; n++) {
    if (!open[n]) continue;
    positions += 1;
    const own = (rule.kind === 'vote' ? gates : scores).subarray(n * E, (n + 1) * E);
    const eligible = own.map((value, e) => (shares[e] < 0 ? 0 : value));
    // Scores of a sigmoid do not sum to 1.
    const total = rule.kind === 'vote' ? 1 : eligible.reduce((sum, value) => sum + value, 0) || 1;
    for (let e = 0; e < E; e++) weights[e] += eligible[e] / total;
  }
  if (positions === 0) return new Uint8Array(E).fill(1);
  const order = Array.from(weights, (_, e) => e).sort((a, b) => weights[b] - weights[a] || a - b);
  const kept = new Uint8Array(E);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let reached = 0;
  for (const [rank, e] of order.entries()) {
    const isEnough = rule.kind === 'vote' ? rank >= rule.experts : reached >= rule.share * all * (1 - 1e-12);
    if (isEnough && rank > 0) break;
    kept[e] = 1;
    reached += weights[e];
  }
  return kept;
}

/** A position keeps the experts that it had in the call that revealed it, given ones those of the first call. */
function frozenRun(run: Run, fixed: RouteShares, maskId: number): (tokens: Uint32Array) => Promise<ForwardResult> {
  let before: { tokens: Uint32Array; layers: readonly LayerDecision[] } | null = null;
  /** By position: (E) by layer 1 for the experts that it keeps. */
  const frozen = new Map<number, Uint8Array[]>();
  const freeze = (n: number, layers: readonly LayerDecision[]) =>
    frozen.set(
      n,
      layers.map(({ chosen, experts: E }) => chosen.slice(n * E, (n + 1) * E)),
    );
  return async (tokens) => {
    tokens.forEach((token, n) => {
      if (token === maskId) frozen.delete(n);
      else if (before && before.tokens[n] === maskId) freeze(n, before.layers);
    });
    const layers = before?.layers ?? [];
    const shares = new Map(fixed);
    layers.forEach(({ layer, experts: E }, index) => {
      const own = fixed.get(layer) ?? new Float32Array(E).fill(1);
      shares.set(
        layer,
        Float32Array.from({ length: tokens.length * E }, (_, at) => {
          const kept = frozen.get(Math.floor(at / E))?.[index];
          return !kept || kept[at % E] ? own[at % E] : removed;
        }),
      );
    });
    const result = await run(tokens, shares);
    if (!before)
      tokens.forEach((token, n) => {
        if (token !== maskId) freeze(n, result.layers);
      });
    before = { tokens: tokens.slice(), layers: result.layers };
    return result;
  };
}
