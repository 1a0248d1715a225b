/** The model: size, feed-forward, experts and their router. */
import { choice, flag, integer, real } from './fields.ts';

const withExperts = { path: 'model.feedForward', in: ['expert-choice', 'token-choice'] } as const;
const expertChoiceOnly = { path: 'model.feedForward', in: ['expert-choice'] } as const;
const tokenChoiceOnly = { path: 'model.feedForward', in: ['token-choice'] } as const;

export const model = {
  label: 'Model',
  fields: {
    layers: integer({
      default: 2,
      min: 1,
      max: 16,
      unit: 'layers',
      label: 'Layers',
      why: 'Depth of the transformer.',
    }),
    width: integer({
      default: 64,
      min: 4,
      max: 1024,
      unit: 'channels',
      label: 'Width',
      why: 'Channels of the residual stream (d, or C).',
    }),
    heads: integer({
      default: 2,
      min: 1,
      max: 32,
      unit: 'heads',
      label: 'Attention heads',
      why: 'The width is shared evenly between the heads.',
    }),
    qkNorm: flag({
      default: true,
      label: 'QK-norm',
      why: 'RMSNorm of each query and key head: keeps attention logits bounded at high learning rates.',
    }),
    ropeBase: real({
      default: 10000,
      min: 10,
      max: 1e7,
      unit: '',
      logarithmic: true,
      label: 'Rotary base',
      why: 'Base of the rotary position embedding.',
    }),
    feedForward: choice({
      default: 'expert-choice',
      options: [
        { value: 'dense', label: 'Dense' },
        { value: 'expert-choice', label: 'Experts choose tokens' },
        { value: 'token-choice', label: 'Tokens choose experts' },
      ],
      label: 'Feed-forward',
      why: 'One dense SwiGLU, or a mixture of experts and who chooses whom.',
    }),
    hiddenWidth: integer({
      default: 176,
      min: 1,
      max: 8192,
      unit: 'channels',
      label: 'Hidden width',
      why: 'Hidden channels of the dense SwiGLU.',
      onlyIf: { path: 'model.feedForward', in: ['dense'] },
    }),
    experts: integer({
      default: 8,
      min: 1,
      max: 64,
      unit: 'experts',
      label: 'Experts',
      why: 'Feed-forward networks per layer (E).',
      onlyIf: withExperts,
    }),
    choices: integer({
      default: 2,
      min: 1,
      max: 64,
      unit: 'per token',
      label: 'Experts per token',
      why: 'K: exact for token choice, the average for expert choice.',
      onlyIf: withExperts,
    }),
    expertWidth: integer({
      default: 88,
      min: 1,
      max: 8192,
      unit: 'channels',
      label: 'Expert width',
      why: 'Hidden channels of each expert.',
      onlyIf: withExperts,
    }),
    sharedExperts: integer({
      default: 0,
      min: 0,
      max: 8,
      unit: 'experts',
      label: 'Shared experts',
      why: 'Experts that every token passes through, in addition to the routed ones.',
      onlyIf: withExperts,
    }),
    score: choice({
      default: 'softmax',
      options: [
        { value: 'softmax', label: 'Softmax' },
        { value: 'sigmoid', label: 'Sigmoid' },
      ],
      label: 'Router score',
      why: 'How router logits become scores: experts compete (softmax) or stand alone (sigmoid).',
      onlyIf: withExperts,
    }),
    gate: choice({
      default: 'renormalised',
      options: [
        { value: 'scores', label: 'Scores as they are' },
        { value: 'renormalised', label: 'Renormalised over the chosen' },
      ],
      label: 'Gate',
      why: 'Weight of an expert in the sum: its score, or its share among the experts that hold the token.',
      onlyIf: withExperts,
    }),
    expertGroup: choice({
      default: 'sequence',
      options: [
        { value: 'sequence', label: 'Within a sequence' },
        { value: 'batch', label: 'Across the batch' },
      ],
      label: 'Choice group',
      why: 'Each expert takes its top tokens within one sequence, or over the whole batch.',
      onlyIf: expertChoiceOnly,
    }),
    balanceLoss: real({
      default: 0.01,
      min: 0,
      max: 1,
      unit: '',
      label: 'Balance loss',
      why: 'Weight of the Switch auxiliary loss that spreads tokens over experts.',
      onlyIf: tokenChoiceOnly,
    }),
    initStd: real({
      default: 0.02,
      min: 0.0001,
      max: 1,
      unit: '',
      logarithmic: true,
      label: 'Initial deviation',
      why: 'Standard deviation of the initial weights.',
    }),
  },
} as const;
