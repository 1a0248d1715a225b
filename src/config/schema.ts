/**
 * The one schema of an experiment. Every control on the page, every URL parameter, every `--set` of the
 * command line and all validation come from this table: default, range, unit, label, and one line that says why
 * a person would touch it. It is data; the functions that read it are in `experiment.ts`.
 */

interface Described {
  readonly label: string;
  /** One line for the "?" beside the control. */
  readonly why: string;
  /** Show the control only where this holds, e.g. expert settings only for models with experts. */
  readonly onlyIf?: { readonly path: string; readonly in: readonly (string | number | boolean)[] };
}

export interface NumberField extends Described {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly unit: string;
  /** Values grow by factors rather than by steps (learning rates). */
  readonly logarithmic?: boolean;
}

export interface ChoiceField<T extends string = string> extends Described {
  readonly kind: 'choice';
  readonly default: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
}

export interface FlagField extends Described {
  readonly kind: 'flag';
  readonly default: boolean;
}

export type Field = NumberField | ChoiceField | FlagField;

const integer = (field: Omit<NumberField, 'kind' | 'integer'>): NumberField => ({
  kind: 'number',
  integer: true,
  ...field,
});
const real = (field: Omit<NumberField, 'kind' | 'integer'>): NumberField => ({
  kind: 'number',
  integer: false,
  ...field,
});
const choice = <T extends string>(field: Omit<ChoiceField<T>, 'kind'>): ChoiceField<T> => ({
  kind: 'choice',
  ...field,
});
const flag = (field: Omit<FlagField, 'kind'>): FlagField => ({ kind: 'flag', ...field });

const withExperts = { path: 'model.feedForward', in: ['expert-choice', 'token-choice'] } as const;
const expertChoiceOnly = { path: 'model.feedForward', in: ['expert-choice'] } as const;
const tokenChoiceOnly = { path: 'model.feedForward', in: ['token-choice'] } as const;

export const schema = {
  model: {
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
  },
  objective: {
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
  },
  data: {
    label: 'Text',
    fields: {
      corpus: choice({
        default: 'moby-dick',
        options: [
          { value: 'moby-dick', label: 'Moby-Dick' },
          { value: 'sotu', label: 'State of the Union' },
          { value: 'sonnets', label: 'Shakespeare: sonnets' },
          { value: 'names', label: 'First names' },
          { value: 'markov', label: 'Markov source (known entropy)' },
          { value: 'custom', label: 'Your own text' },
        ],
        label: 'Corpus',
        why: 'The text to learn from.',
      }),
      tokenizer: choice({
        default: 'character',
        options: [
          { value: 'character', label: 'Characters' },
          { value: 'byte', label: 'Bytes (UTF-8)' },
        ],
        label: 'Tokenizer',
        why: 'One token per character that occurs in the text, or per byte.',
      }),
      sequenceLength: integer({
        default: 64,
        min: 2,
        max: 1024,
        unit: 'tokens',
        label: 'Window',
        why: 'Tokens that the model sees at once (T).',
      }),
      validationShare: real({
        default: 0.1,
        min: 0.01,
        max: 0.5,
        unit: '',
        label: 'Held-out share',
        why: 'The end of the text is kept for validation and never trained on.',
      }),
    },
  },
  training: {
    label: 'Training',
    fields: {
      batchSize: integer({
        default: 8,
        min: 1,
        max: 256,
        unit: 'sequences',
        label: 'Batch size',
        why: 'Sequences per step (B).',
      }),
      steps: integer({
        default: 2000,
        min: 1,
        max: 1000000,
        unit: 'steps',
        label: 'Steps',
        why: 'Length of the run; the schedule of the learning rate spans it.',
      }),
      learningRate: real({
        default: 0.003,
        min: 1e-6,
        max: 1,
        unit: '',
        logarithmic: true,
        label: 'Learning rate',
        why: 'Peak learning rate of AdamW.',
      }),
      schedule: choice({
        default: 'cosine',
        options: [
          { value: 'constant', label: 'Constant' },
          { value: 'cosine', label: 'Cosine' },
          { value: 'wsd', label: 'Warm-up, stable, decay' },
        ],
        label: 'Schedule',
        why: 'How the learning rate falls after the warm-up.',
      }),
      warmupSteps: integer({
        default: 50,
        min: 0,
        max: 100000,
        unit: 'steps',
        label: 'Warm-up',
        why: 'Steps over which the learning rate rises linearly.',
      }),
      decayShare: real({
        default: 0.2,
        min: 0,
        max: 1,
        unit: '',
        label: 'Decay share',
        why: 'Share of the run over which warm-up-stable-decay comes down.',
        onlyIf: { path: 'training.schedule', in: ['wsd'] },
      }),
      finalShare: real({
        default: 0.1,
        min: 0,
        max: 1,
        unit: '',
        label: 'Final rate',
        why: 'Learning rate at the end, as a share of the peak.',
        onlyIf: { path: 'training.schedule', in: ['cosine', 'wsd'] },
      }),
      weightDecay: real({
        default: 0.1,
        min: 0,
        max: 10,
        unit: '',
        label: 'Weight decay',
        why: 'Decoupled decay of matrices; norms are left alone.',
      }),
      beta1: real({
        default: 0.9,
        min: 0,
        max: 0.9999,
        unit: '',
        label: 'Beta 1',
        why: 'Decay of the first moment of AdamW.',
      }),
      beta2: real({
        default: 0.95,
        min: 0,
        max: 0.99999,
        unit: '',
        label: 'Beta 2',
        why: 'Decay of the second moment of AdamW.',
      }),
      clipNorm: real({
        default: 1,
        min: 0.001,
        max: 1000,
        unit: '',
        logarithmic: true,
        label: 'Gradient clip',
        why: 'Largest global norm of the gradient.',
      }),
      emaDecay: real({
        default: 0.99,
        min: 0,
        max: 0.99999,
        unit: '',
        label: 'EMA decay',
        why: 'Averaged weights, used for decoding and evaluation; 0 uses the weights themselves.',
      }),
      evaluateEvery: integer({
        default: 100,
        min: 1,
        max: 100000,
        unit: 'steps',
        label: 'Validate every',
        why: 'Steps between two measurements on the held-out text.',
      }),
      seed: integer({
        default: 1,
        min: 0,
        max: 4294967295,
        unit: '',
        label: 'Seed',
        why: 'Fixes the initial weights, the order of the text and every mask.',
      }),
    },
  },
} as const;

type Schema = typeof schema;

type ValueOf<F extends Field> = F extends NumberField
  ? number
  : F extends FlagField
    ? boolean
    : F extends ChoiceField<infer T>
      ? T
      : never;

/** A complete configuration: every group and field of the schema with a value. */
export type Experiment = {
  readonly [G in keyof Schema]: {
    readonly [F in keyof Schema[G]['fields']]: Schema[G]['fields'][F] extends Field
      ? ValueOf<Schema[G]['fields'][F]>
      : never;
  };
};

export type Setting = string | number | boolean;
