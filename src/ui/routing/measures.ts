/** What a measure of an atlas is called on the page, and what it says, for a student. */
import type { AtlasMeasure } from '../../config/atlas.ts';

interface MeasureWords {
  readonly label: string;
  readonly about: string;
}

const words: Readonly<Record<string, MeasureWords>> = {
  load: {
    label: 'Load',
    about: 'How much of the work of its layer an expert does: its share of all tokens that experts hold.',
  },
  'masked share': {
    label: 'Hidden share',
    about: 'How many of the tokens that an expert holds are hidden: 0 is only revealed ones, 1 only hidden ones.',
  },
  'gate mass': {
    label: 'Gate mass',
    about: 'How much an expert counts: its share of the gates of its layer, which weigh what each expert adds.',
  },
  specialisation: {
    label: 'Specialisation',
    about:
      'How unlike the text the tokens of an expert are, in bits. 0: it takes every token as often as the text has it.',
  },
};

/** A measure of a file from elsewhere has its own words. */
export function measureWords({ name, about }: Pick<AtlasMeasure, 'name' | 'about'>): MeasureWords {
  return Object.hasOwn(words, name) ? words[name] : { label: name.charAt(0).toUpperCase() + name.slice(1), about };
}
