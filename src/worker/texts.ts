/**
 * The texts of the page's configurations, kept between requests: fetched once, and tokenized once as long as neither
 * the text nor what its tokens depend on changes, so that an edit of the model learns no vocabulary anew.
 */
import { corpusKind } from '../config/corpusKinds.ts';
import type { Experiment } from '../config/schema.ts';
import { type Corpus, type CorpusId, loadCorpus } from '../data/corpora.ts';
import { type Dataset, encodeDataset } from '../data/splits.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { batchText, loadRunText, prepareText, type RunText } from '../train/text.ts';

/** Tokenized texts kept at once: the run's, the one being edited, the bundled model's. */
const keptDatasets = 3;

interface Kept {
  readonly key: string;
  readonly text: string;
  readonly dataset: Dataset;
}

export interface Texts {
  /**
   * The text of a configuration, `own` where it is the person's; `tokenizer` where a run brings the one it was started
   * with. Throws `DataError` for a text that cannot be used.
   */
  textOf(experiment: Experiment, own: string | undefined, tokenizer?: Tokenizer): Promise<RunText>;
  /** A corpus with its sections; null for a person's own text. */
  corpusOf(corpus: Experiment['data']['corpus']): Promise<Corpus | null>;
}

/** `fetchText` reads a file beside the page. */
export function createTexts(fetchText: (path: string) => Promise<string>): Texts {
  const corpora = new Map<CorpusId, Promise<Corpus>>();
  // The latest first.
  let kept: Kept[] = [];

  const loaded = (corpus: CorpusId): Promise<Corpus> => {
    let text = corpora.get(corpus);
    if (!text) {
      text = loadCorpus(corpus, fetchText);
      corpora.set(corpus, text);
      text.catch(() => corpora.delete(corpus));
    }
    return text;
  };
  const corpusOf = async (corpus: Experiment['data']['corpus']) =>
    corpus === 'custom' || corpus === 'pairs' ? null : loaded(corpus);
  const datasetOf = ({ data }: Experiment, text: string): Dataset => {
    const { tokenizer, vocabularySize, validationShare, trainingCharacters } = data;
    const size = tokenizer === 'bpe' ? vocabularySize : null;
    const key = [tokenizer, size, validationShare, trainingCharacters].join();
    const known = kept.find((entry) => entry.key === key && entry.text === text);
    const entry = known ?? { key, text, dataset: encodeDataset(text, data) };
    kept = [entry, ...kept.filter((other) => other !== entry)].slice(0, keptDatasets);
    return entry.dataset;
  };
  return {
    corpusOf,
    textOf: async (experiment, own, tokenizer) => {
      const { isPairs } = corpusKind(experiment.data.corpus);
      const corpus = await corpusOf(experiment.data.corpus);
      const brought = own === undefined ? null : { content: own, where: 'your text' };
      const text = corpus ? corpus.text : await loadRunText(experiment, brought, fetchText);
      if (isPairs || tokenizer) return prepareText(experiment, text, tokenizer);
      return batchText(experiment, datasetOf(experiment, text));
    },
  };
}
