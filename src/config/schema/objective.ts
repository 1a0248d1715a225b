/** What is learned: the noise process and the weight of its loss. */
import { choice } from './fields.ts';

export const objective = {
  label: 'Diffusion objective',
  fields: {
    weighting: choice({
      default: 'uniform-k',
      options: [
        { value: 'uniform-k', label: 'Uniform count (RADD)' },
        { value: 'elbo', label: 'ELBO, 1/t (LLaDA)' },
        { value: 'none', label: 'None (MaskGIT)' },
      ],
      label: 'Weighting',
      why: 'Uniform count and ELBO estimate the same bound, the first with less noise; without weights every masked token counts alike, which is no bound but converges faster early.',
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
    }),
  },
} as const;
