/** What is learned: in which order tokens are predicted, the noise process and the weight of its loss. */
import { choice, integer, real } from './fields.ts';

const withNoise = { path: 'objective.kind', in: ['diffusion', 'block-diffusion'] } as const;

export const objective = {
  label: 'Objective',
  fields: {
    kind: choice({
      default: 'diffusion',
      options: [
        { value: 'diffusion', label: 'Masked diffusion' },
        { value: 'autoregressive', label: 'Autoregressive' },
        { value: 'block-diffusion', label: 'Block diffusion' },
      ],
      label: 'Objective',
      why: 'Predict masked tokens from both sides, each token from those before it, or masked tokens of a block from those around them and the blocks before.',
    }),
    blockSize: integer({
      default: 16,
      min: 1,
      max: 1024,
      unit: 'tokens',
      label: 'Block',
      why: 'Blocks are written from left to right, the tokens of one in any order: 1 is autoregressive, the window is masked diffusion.',
      onlyIf: { path: 'objective.kind', in: ['block-diffusion'] },
    }),
    weighting: choice({
      default: 'uniform-k',
      options: [
        { value: 'uniform-k', label: 'Uniform count (RADD)' },
        { value: 'elbo', label: 'ELBO, 1/t (LLaDA)' },
        { value: 'none', label: 'None (MaskGIT)' },
      ],
      label: 'Weighting',
      why: 'Uniform count and ELBO estimate the same bound, the first with less noise; without weights every masked token counts alike, which is no bound but converges faster early.',
      onlyIf: withNoise,
    }),
    timeSampling: choice({
      default: 'antithetic',
      options: [
        { value: 'uniform', label: 'Independent' },
        { value: 'antithetic', label: 'One per stratum (MDLM)' },
        { value: 'shared', label: 'One offset for all (MD4)' },
      ],
      label: 'Mask-level sampling',
      why: 'Stratified mask levels make the loss of a batch less noisy.',
      onlyIf: withNoise,
    }),
    inputMasking: real({
      default: 0,
      min: 0,
      max: 0.95,
      unit: '',
      label: 'Input masking',
      why: 'Share of the input tokens hidden from the model while training: the control that tells diffusion from its noise on repeated data.',
      onlyIf: { path: 'objective.kind', in: ['autoregressive'] },
    }),
  },
} as const;
