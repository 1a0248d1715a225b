/** The text, how it is cut into tokens and windows, and what is held out. */
import { choice, integer, real } from './fields.ts';

export const data = {
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
        { value: 'addition', label: 'Addition: prompt and answer' },
        { value: 'sorting', label: 'Sorting: prompt and answer' },
        { value: 'custom', label: 'Your own text' },
        { value: 'pairs', label: 'Your own prompts and answers' },
      ],
      label: 'Corpus',
      why: 'The text to learn from. Of prompts with answers only the answers are masked and learned.',
    }),
    tokenizer: choice({
      default: 'character',
      options: [
        { value: 'character', label: 'Characters' },
        { value: 'byte', label: 'Bytes (UTF-8)' },
        { value: 'bpe', label: 'Subwords (BPE)' },
      ],
      label: 'Tokenizer',
      why: 'One token per character that occurs in the text, per byte, or per subword learned from the training part.',
    }),
    vocabularySize: integer({
      default: 512,
      min: 256,
      max: 4096,
      unit: 'tokens',
      label: 'Vocabulary',
      why: 'Subwords to learn, the 256 bytes included; fewer where the text holds no further pair twice.',
      onlyIf: { path: 'data.tokenizer', in: ['bpe'] },
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
      why: 'The end of the text, or this share of the prompts, is kept for validation and never trained on.',
      isAdvanced: true,
    }),
    trainingCharacters: integer({
      default: 0,
      min: 0,
      max: 20000000,
      unit: 'characters',
      label: 'Training text',
      why: 'Only the first so many characters are trained on, again and again: repeated data. 0 takes all.',
      isAdvanced: true,
      onlyIf: { path: 'data.corpus', in: ['moby-dick', 'sotu', 'sonnets', 'names', 'markov', 'custom'] },
    }),
  },
} as const;
