/**
 * Where every parameter of a model lies in one flat buffer, under the names of the Hugging Face LLaDA-MoE layout
 * (SCIENCE 2), so that an export is a rename. Not here: what the parameters do (`transformer.ts`).
 *
 * A block is what an op reads at once, e.g. the query, key and value projections stacked; its parts are the named
 * tensors inside it. Weights are stored (out, in), as in PyTorch.
 */
import type { Experiment } from '../config/schema.ts';
import { roles } from '../ops/adamw.ts';
import type { MuonMatrix } from '../ops/muon.ts';
import { rangeAlignment } from '../runtime/recording.ts';
import { reservedLength, sizeOf } from '../tensor/tensor.ts';

export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  /** Elements from the start of the flat buffer. */
  readonly offset: number;
}

export interface Block {
  readonly key: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly parts: readonly Part[];
  /** Norm weights start at one and do not decay; matrices start as noise and do; biases start at zero and do not. */
  readonly kind: 'matrix' | 'norm' | 'bias';
}

export interface ParameterLayout {
  /** Elements of the flat buffer, a multiple of 64. */
  readonly length: number;
  readonly blocks: ReadonlyMap<string, Block>;
  /** Parameters without the padding between blocks. */
  readonly parameters: number;
}

export type ModelSettings = Experiment['model'];

/** The feed-forward of a layer: the first ones may be dense in a model with experts. */
export function feedForwardAt(model: ModelSettings, layer: number): ModelSettings['feedForward'] {
  return layer < model.denseLayers ? 'dense' : model.feedForward;
}

/** Whether routers have a bias that balances their experts (`src/ops/routerBias.ts`). */
export function hasRouterBias({ feedForward, biasRate }: ModelSettings): boolean {
  return feedForward === 'token-choice' && biasRate > 0;
}

/** Layers with experts, ascending. */
export function expertLayersOf(model: ModelSettings): number[] {
  return Array.from({ length: model.layers }, (_, layer) => layer).filter(
    (layer) => feedForwardAt(model, layer) !== 'dense',
  );
}

/** Lays out a model over a vocabulary of `vocabularySize` tokens plus the mask. */
export function layoutOf(model: ModelSettings, vocabularySize: number): ParameterLayout {
  const C = model.width;
  const D = C / model.heads;
  const V = vocabularySize + 1;
  const blocks = new Map<string, Block>();
  let length = 0;
  let parameters = 0;
  const put = (
    key: string,
    kind: Block['kind'],
    shape: readonly number[],
    parts: { name: string; shape: number[] }[],
  ) => {
    const placed: Part[] = [];
    let within = length;
    for (const part of parts) {
      placed.push({ ...part, offset: within });
      within += sizeOf(part.shape);
    }
    blocks.set(key, { key, shape, offset: length, parts: placed, kind });
    parameters += within - length;
    length += reservedLength(shape);
  };
  const norm = (key: string, name: string, size: number) => put(key, 'norm', [size], [{ name, shape: [size] }]);
  const swiglu = (key: string, name: string, hidden: number) => {
    const gateUp = ['gate_proj', 'up_proj'].map((part) => ({ name: `${name}.${part}.weight`, shape: [hidden, C] }));
    put(`${key}.gateUp`, 'matrix', [2 * hidden, C], gateUp);
    put(`${key}.down`, 'matrix', [C, hidden], [{ name: `${name}.down_proj.weight`, shape: [C, hidden] }]);
  };

  put('embedding', 'matrix', [V, C], [{ name: 'model.embed_tokens.weight', shape: [V, C] }]);
  for (let layer = 0; layer < model.layers; layer++) {
    const key = (block: string) => blockKey(layer, block);
    const name = `model.layers.${layer}`;
    norm(key('attentionNorm'), `${name}.input_layernorm.weight`, C);
    const projections = ['q_proj', 'k_proj', 'v_proj'];
    const qkv = projections.map((part) => ({ name: `${name}.self_attn.${part}.weight`, shape: [C, C] }));
    put(key('qkv'), 'matrix', [3 * C, C], qkv);
    if (model.qkNorm) {
      norm(key('queryNorm'), `${name}.self_attn.q_norm.weight`, D);
      norm(key('keyNorm'), `${name}.self_attn.k_norm.weight`, D);
    }
    put(key('attentionOut'), 'matrix', [C, C], [{ name: `${name}.self_attn.o_proj.weight`, shape: [C, C] }]);
    norm(key('feedForwardNorm'), `${name}.post_attention_layernorm.weight`, C);
    if (feedForwardAt(model, layer) === 'dense') {
      swiglu(key('dense'), `${name}.mlp`, model.hiddenWidth);
      continue;
    }
    const { experts: E, expertWidth: F, sharedExperts } = model;
    put(key('router'), 'matrix', [E, C], [{ name: `${name}.mlp.gate.weight`, shape: [E, C] }]);
    if (hasRouterBias(model)) {
      // The name in DeepSeek-V3, whose routers have it; LLaDA-MoE's do not.
      put(key('routerBias'), 'bias', [E], [{ name: `${name}.mlp.gate.e_score_correction_bias`, shape: [E] }]);
    }
    const expert = (e: number, part: string, shape: number[]) => ({
      name: `${name}.mlp.experts.${e}.${part}.weight`,
      shape,
    });
    const each = Array.from({ length: E }, (_, e) => e);
    const gateUp = each.flatMap((e) => [expert(e, 'gate_proj', [F, C]), expert(e, 'up_proj', [F, C])]);
    put(key('experts.gateUp'), 'matrix', [E, 2 * F, C], gateUp);
    const down = each.map((e) => expert(e, 'down_proj', [C, F]));
    put(key('experts.down'), 'matrix', [E, C, F], down);
    if (sharedExperts > 0) swiglu(key('shared'), `${name}.mlp.shared_expert`, sharedExperts * F);
  }
  norm('finalNorm', 'model.norm.weight', C);
  put('head', 'matrix', [1, V, C], [{ name: 'lm_head.weight', shape: [V, C] }]);
  return { length, blocks, parameters };
}

/** Key of a block inside a layer. */
export function blockKey(layer: number, block: string): string {
  return `layers.${layer}.${block}`;
}

/** Every named tensor, in order of layout. */
export function partsOf(layout: ParameterLayout): Part[] {
  return [...layout.blocks.values()].flatMap(({ parts }) => parts);
}

/** Per 64 elements of the flat buffer (blocks never share such a granule), what AdamW does to them: see `roles`. */
export function adamwRoles(layout: ParameterLayout, optimizer: Experiment['training']['optimizer']): number[] {
  const granules = new Array<number>(layout.length / rangeAlignment).fill(roles.updates);
  for (const block of layout.blocks.values()) {
    if (block.kind !== 'matrix') continue;
    const role = optimizer === 'muon' && isHidden(block) ? roles.elsewhere : roles.decays;
    granules.fill(role, block.offset / rangeAlignment, (block.offset + reservedLength(block.shape)) / rangeAlignment);
  }
  return granules;
}

/** Every matrix that Muon updates: the projections of attention and of feed-forward networks, each expert's alone. */
export function muonMatrices(layout: ParameterLayout): MuonMatrix[] {
  const hidden = [...layout.blocks.values()].filter(isHidden);
  return hidden.flatMap(({ parts }) => parts.map(({ offset, shape: [rows, columns] }) => ({ offset, rows, columns })));
}

/** Whether a block maps hidden states to hidden states: neither embedding nor head, whose rows are tokens, nor router. */
function isHidden({ kind, key }: Block): boolean {
  return kind === 'matrix' && key.startsWith('layers.') && !key.endsWith('.router');
}
