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
      ],
      label: 'Weighting',
      why: 'Both estimate the same bound; a uniform count of masks has the lower variance.',
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
