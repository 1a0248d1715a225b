/** Domains of a corpus: by which of its sections a window is (SCIENCE 6: domain share). */
import type { Corpus, Section } from '../data/corpora.ts';

/** A division of the windows: the value of each one, in words; '' where the window lies in no section. */
export interface WindowDomain {
  readonly name: string;
  readonly values: readonly string[];
}

/**
 * Domains of windows by the section that holds the character of their middle; `middles` (W) are code points from the
 * beginning of the text; without them there are no domains. One domain per label of the sections; years are counted by decade, as `period`.
 */
export function windowDomains({ text, sections }: Corpus, middles: ArrayLike<number> | null): WindowDomain[] {
  if (sections.length === 0 || middles === null) return [];
  const starts = codePointStarts(text, sections);
  const found = Array.from(middles, (middle) => {
    const at = starts.findLastIndex(({ start }) => start <= middle);
    return at >= 0 && middle < starts[at].end ? sections[at] : null;
  });
  return Object.keys(sections[0].labels).map((label) => ({
    name: label === 'year' ? 'period' : label,
    values: found.map((section) => (section ? labelOf(label, section) : '')),
  }));
}

function labelOf(label: string, { labels }: Section): string {
  return label === 'year' ? `${labels[label].slice(0, -1)}0s` : labels[label];
}

/** Sections in code points; theirs are UTF-16 units. */
function codePointStarts(text: string, sections: readonly Section[]): { start: number; end: number }[] {
  let [unit, points] = [0, 0];
  const pointsAt = (offset: number) => {
    for (; unit < offset; unit++) if ((text.charCodeAt(unit) & 0xfc00) !== 0xdc00) points += 1;
    return points;
  };
  return sections.map(({ start, end }) => ({ start: pointsAt(start), end: pointsAt(end) }));
}
