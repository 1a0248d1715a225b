/** What the prompt is for, by what the model can do with it and how its tokens are cut. */
import type { ObjectiveKind } from '../../config/objectives.ts';

interface PromptWords {
  readonly description: string;
  readonly placeholder: string;
}

/** How `src/data/prompts.ts` reads a prompt. */
const marks = '_ is a hole to fill, \\_ an underscore.';

export function promptWords(kind: ObjectiveKind, subwords: boolean, isPairs: boolean): PromptWords {
  if (isPairs) {
    return {
      description: `In the form of those learned from; the answer follows it. ${marks}`,
      placeholder: 'Empty: a held-out prompt, by the seed',
    };
  }
  if (kind === 'autoregressive') {
    // A subword brings its own space.
    const placeholder = subwords ? 'Call me' : 'Call me ';
    return { description: 'Kept as it is, _ too; the model continues it.', placeholder };
  }
  return subwords
    ? {
        description: `Kept as it is. ${marks} A hole is one token and brings its own space. The rest of the window is masked.`,
        placeholder: 'Shall I _ thee to a _ day?',
      }
    : {
        description: `Kept as it is. ${marks} The rest of the window is masked.`,
        placeholder: 'Call me ______.',
      };
}
