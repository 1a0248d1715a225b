/**
 * Logits and routes of given tokens under the averaged weights: what decoders, the routing view and `sdlm forward`
 * call. Compiled once for a number of sequences and a length.
 */

import { attentionBlock } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import type { LayerRoutes } from '../nn/experts.ts';
import { frozen, maskIdOf, type ParameterStorages } from '../nn/parameters.ts';
import { headOf, transformer } from '../nn/transformer.ts';
import { none, type Routing } from '../ops/routing.ts';
import { shiftRight } from '../ops/shiftRight.ts';
import type { Recording } from '../runtime/recording.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createGraph, persistentTensor, reshape, type Tensor } from '../tensor/tensor.ts';

export interface LayerDecision {
  readonly layer: number;
  /** E. */
  readonly experts: number;
  /** (N, E) router scores. */
  readonly scores: Float32Array;
  /** (N, E) gates, 0 where the expert does not hold the token. */
  readonly gates: Float32Array;
  /** (N, E) 1 where the expert holds the token (its gate may be 0 in float32). */
  readonly chosen: Uint8Array;
  /** (N, E) 1 where the token asked for the expert, which was full. */
  readonly dropped: Uint8Array;
}

export interface ForwardResult {
  /** (B * T, V + 1); the column of the mask is as the head gives it. */
  readonly logits: Float32Array;
  readonly layers: readonly LayerDecision[];
}

/**
 * What is left of the experts, by layer, (E) for all tokens or (B * T, E): negative removes an expert, which then takes no
 * token; from 0 on it is the share of its gate that counts (`src/ops/routeShares.ts`). Layers that are not named are as
 * they are.
 */
export type RouteShares = ReadonlyMap<number, Float32Array>;

export interface ForwardPass {
  readonly B: number;
  readonly T: number;
  /** Columns of the logits: the vocabulary and the mask. */
  readonly columns: number;
  /**
   * Runs (B, T) tokens, masks included; for an autoregressive model row i is what the tokens before i say of token i.
   * Without `shares` every expert counts in full.
   */
  run(tokens: Uint32Array, shares?: RouteShares): Promise<ForwardResult>;
  destroy(): void;
}

interface ForwardRecording {
  readonly recording: Recording;
  /** (B, T) u32 tokens, masks included. */
  readonly tokens: Tensor;
  /** (B * T, V + 1); the column of the mask is as the head gives it. */
  readonly logits: Tensor;
  readonly routes: readonly LayerRoutes[];
  /** (B * T, E) by layer with experts: see `RouteShares`. */
  readonly shares: ReadonlyMap<number, Tensor>;
}

/**
 * Records logits and routes of given tokens, under the averaged weights. An autoregressive model reads them one
 * position later, so that row i of the logits is the prediction of token i from those before it.
 */
export function recordForward(
  experiment: Experiment,
  parameters: ParameterStorages,
  B: number,
  T: number,
): ForwardRecording {
  const graph = createGraph();
  const source = frozen(graph, parameters.layout, parameters.average);
  const tokens = persistentTensor(graph, 'tokens', [B, T], { type: 'u32' });
  const read = readTokens(experiment, tokens, maskIdOf(parameters));
  const shares = new Map<number, Tensor>();
  const sharesOf = (layer: number) => {
    const shape = [B * T, experiment.model.experts];
    const all = new Array<number>(shape[0] * shape[1]).fill(1);
    const tensor = persistentTensor(graph, `shares of the experts of layer ${layer}`, shape, { initial: all });
    shares.set(layer, tensor);
    return tensor;
  };
  const sequences = { tokens: read, sorted: null, B, T, draw: null, shares: sharesOf };
  const { hidden, routes } = transformer(source, experiment.model, sequences, attentionBlock(experiment));
  return { recording: { launches: graph.launches }, tokens, logits: headOf(hidden, source('head')), routes, shares };
}

/** What the network reads of given tokens (B, T), as (B * T). */
function readTokens({ objective }: Experiment, tokens: Tensor, maskId: number): Tensor {
  return objective.kind === 'autoregressive' ? shiftRight(tokens, maskId, null) : reshape(tokens, [tokens.length]);
}

/** Compiles a forward pass on weights that a runtime already holds. */
export async function createForwardPass(
  runtime: Runtime,
  experiment: Experiment,
  parameters: ParameterStorages,
  { B, T }: { B: number; T: number },
): Promise<ForwardPass> {
  const { recording, tokens, logits, routes, shares } = recordForward(experiment, parameters, B, T);
  const perLayer = routes.flatMap(({ scores, gates, routing }) => [scores, gates, routing.expertOf, routing.slotOf]);
  const plan = await runtime.compile(recording, { report: [logits, ...perLayer] });
  // What the device holds, so that shares are written only where they change.
  const written = new Map<number, Float32Array | undefined>();
  const writeShares = (wanted: RouteShares | undefined) => {
    for (const [layer, tensor] of shares) {
      const values = wanted?.get(layer);
      if (values === written.get(layer)) continue;
      runtime.write(tensor, repeated(values ?? Float32Array.of(1), tensor.length));
      written.set(layer, values);
    }
  };
  return {
    B,
    T,
    columns: logits.shape[1],
    run: async (input, wanted) => {
      runtime.write(tokens, input);
      writeShares(wanted);
      const [values, ...decisions] = await plan.run();
      const layers = routes.map(({ layer, routing }, index): LayerDecision => {
        const [scores, gates, expertOf, slotOf] = decisions.slice(4 * index, 4 * index + 4);
        const routes = { gates, expertOf, slotOf };
        const { experts } = routing;
        return { layer, experts, scores: scores as Float32Array, ...spread(routes, B * T, routing) };
      });
      return { logits: values as Float32Array, layers };
    },
    destroy: () => {
      plan.destroy();
      runtime.release([tokens, ...shares.values()].map(({ storage }) => storage));
    },
  };
}

/** A row as often as it fits into `length` numbers. */
function repeated(row: Float32Array, length: number): Float32Array {
  return row.length === length ? row : Float32Array.from({ length }, (_, i) => row[i % row.length]);
}

/** From routes (N, J) to experts (N, E). */
function spread(
  { gates, expertOf, slotOf }: Record<'gates' | 'expertOf' | 'slotOf', ArrayLike<number>>,
  N: number,
  { J, experts: E }: Routing,
): Pick<LayerDecision, 'gates' | 'chosen' | 'dropped'> {
  const dense = new Float32Array(N * E);
  const [chosen, dropped] = [new Uint8Array(N * E), new Uint8Array(N * E)];
  for (let route = 0; route < N * J; route++) {
    if (expertOf[route] === none) continue;
    const at = Math.floor(route / J) * E + expertOf[route];
    if (slotOf[route] === none) {
      dropped[at] = 1;
      continue;
    }
    dense[at] = gates[route];
    chosen[at] = 1;
  }
  return { gates: dense, chosen, dropped };
}
