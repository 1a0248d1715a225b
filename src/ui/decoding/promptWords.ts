/** What the prompt is for, by what the model can do with it and how its tokens are cut. */
import type { ObjectiveKind } from '../../config/objectives.ts';

interface PromptWords {
  readonly description: string;
  readonly placeholder: string;
}

export function promptWords(kind: ObjectiveKind, subwords: boolean, isPairs: boolean): PromptWords {
  if (isPairs) {
    return {
      description: 'Kept as it is, in the form of those learned from; the answer follows it.',
      placeholder: 'Empty: a held-out prompt, by the seed',
    };
  }
  if (kind === 'autoregressive') {
    return { description: 'Kept as it is; the model continues it.', placeholder: 'Call me ' };
  }
  return subwords
    ? {
        description:
          'Kept as it is; _ is a hole of one token, which brings its own space. The rest of the window is masked.',
        placeholder: 'Shall I_thee to a_day?',
      }
    : {
        description: 'Kept as it is; _ is a hole to fill. The rest of the window is masked.',
        placeholder: 'Call me ______.',
      };
}
