/** The model: size, regularisation and feed-forward. What only models with experts have is in `experts.ts`. */
import { experts, withExperts } from './experts.ts';
import { choice, flag, integer, real } from './fields.ts';

const withDenseLayers = {
  any: [{ path: 'model.feedForward', in: ['dense'] }, { all: [withExperts, { path: 'model.denseLayers', above: 0 }] }],
} as const;

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
      isAdvanced: true,
    }),
    ropeBase: real({
      default: 10000,
      min: 10,
      max: 1e7,
      unit: '',
      logarithmic: true,
      label: 'Rotary base',
      why: 'Base of the rotary position embedding.',
      isAdvanced: true,
    }),
    dropout: real({
      default: 0,
      min: 0,
      max: 0.9,
      unit: '',
      label: 'Dropout',
      why: 'Share of each residual branch (attention, feed-forward) that is zeroed at random while training.',
      isAdvanced: true,
    }),
    initStd: real({
      default: 0.02,
      min: 0.0001,
      max: 1,
      unit: '',
      logarithmic: true,
      label: 'Initial deviation',
      why: 'Standard deviation of the initial weights.',
      isAdvanced: true,
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
      why: 'Hidden channels of the SwiGLU in dense layers.',
      onlyIf: withDenseLayers,
    }),
    ...experts,
  },
} as const;
