/**
 * Logits and routes of given tokens under the averaged weights: what decoders, the routing view and `sdlm forward`
 * call. Compiled once for a number of sequences and a length.
 */
import type { Experiment } from '../config/schema.ts';
import type { Runtime } from '../gpu/runtime.ts';
import type { ParameterStorages } from '../nn/parameters.ts';
import { none, type Routing } from '../ops/routing.ts';
import { recordForward } from './recordings.ts';

export interface LayerDecision {
  readonly layer: number;
  /** (N, E) router scores. */
  readonly scores: Float32Array;
  /** (N, E) gates, 0 where the expert does not hold the token. */
  readonly gates: Float32Array;
  /** (N, E) 1 where the expert holds the token (its gate may be 0 in float32). */
  readonly chosen: Uint8Array;
}

export interface ForwardResult {
  /** (B * T, V + 1); the column of the mask is as the head gives it. */
  readonly logits: Float32Array;
  readonly layers: readonly LayerDecision[];
}

export interface ForwardPass {
  readonly B: number;
  readonly T: number;
  /** Columns of the logits: the vocabulary and the mask. */
  readonly columns: number;
  /** Runs (B, T) tokens, masks included; for an autoregressive model row i is what the tokens before i say of token i. */
  run(tokens: Uint32Array): Promise<ForwardResult>;
  destroy(): void;
}

/** Compiles a forward pass on weights that a runtime already holds. */
export async function createForwardPass(
  runtime: Runtime,
  experiment: Experiment,
  parameters: ParameterStorages,
  { B, T }: { B: number; T: number },
): Promise<ForwardPass> {
  const { recording, tokens, logits, routes } = recordForward(experiment, parameters, B, T);
  const perLayer = routes.flatMap(({ scores, gates, routing }) => [scores, gates, routing.expertOf, routing.slotOf]);
  const plan = await runtime.compile(recording, { report: [logits, ...perLayer] });
  return {
    B,
    T,
    columns: logits.shape[1],
    run: async (input) => {
      runtime.write(tokens, input);
      const [values, ...decisions] = await plan.run();
      const layers = routes.map(({ layer, routing }, index): LayerDecision => {
        const [scores, gates, expertOf, slotOf] = decisions.slice(4 * index, 4 * index + 4);
        const routes = { gates, expertOf, slotOf };
        return { layer, scores: scores as Float32Array, ...spread(routes, B * T, routing) };
      });
      return { logits: values as Float32Array, layers };
    },
    destroy: () => {
      plan.destroy();
      runtime.release([tokens.storage]);
    },
  };
}

/** From routes (N, J) to experts (N, E). */
function spread(
  { gates, expertOf, slotOf }: Record<'gates' | 'expertOf' | 'slotOf', ArrayLike<number>>,
  N: number,
  { J, experts: E }: Routing,
): Pick<LayerDecision, 'gates' | 'chosen'> {
  const dense = new Float32Array(N * E);
  const chosen = new Uint8Array(N * E);
  for (let route = 0; route < N * J; route++) {
    if (slotOf[route] === none) continue;
    const at = Math.floor(route / J) * E + expertOf[route];
    dense[at] = gates[route];
    chosen[at] = 1;
  }
  return { gates: dense, chosen };
}
