/** What each text to learn from is, as data: running text, or prompts with answers; ours, or one that a person brings. */
import type { Experiment } from './schema.ts';

type Corpus = Experiment['data']['corpus'];

interface CorpusKind {
  /** Prompts with answers: only answers are masked and carry loss (post-training, LLaDA 2502.09992, section 2.3). */
  readonly isPairs: boolean;
  /** A person brings it: the program holds no copy. */
  readonly isOwn: boolean;
}

const text: CorpusKind = { isPairs: false, isOwn: false };
const task: CorpusKind = { isPairs: true, isOwn: false };

const kinds: Readonly<Record<Corpus, CorpusKind>> = {
  'moby-dick': text,
  sotu: text,
  sonnets: text,
  names: text,
  markov: text,
  custom: { isPairs: false, isOwn: true },
  addition: task,
  sorting: task,
  pairs: { isPairs: true, isOwn: true },
};

/** What a corpus is. */
export function corpusKind(corpus: Corpus): CorpusKind {
  return kinds[corpus];
}
