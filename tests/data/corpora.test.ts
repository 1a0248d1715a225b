/** The prepared texts, made from the installed packages, and how they are loaded. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { clean, prepareCorpora } from '../../scripts/corpora/prepare.mjs';
import { corpusKind } from '../../src/config/corpusKinds.ts';
import { type CorpusId, corpora, loadCorpus } from '../../src/data/corpora.ts';
import { encodeDataset } from '../../src/data/splits.ts';

const directory = mkdtempSync(join(tmpdir(), 'corpora-'));
prepareCorpora(directory);
afterAll(() => rmSync(directory, { recursive: true }));

const fetchText = (path: string) => readFile(join(directory, path.replace(/^corpora\//, '')), 'utf8');

describe('preparing', () => {
  test('leaves what is up to date, and makes again what is not whole', () => {
    const path = join(directory, 'sonnets.txt');
    const [before, made] = [readFileSync(path, 'utf8'), statSync(path).mtimeMs];
    const files = prepareCorpora(directory);
    expect(files).toHaveLength(8);
    expect(statSync(path).mtimeMs).toBe(made);
    writeFileSync(path, before.slice(0, 100));
    prepareCorpora(directory);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('spells typographic signs in ASCII and tidies white space', () => {
    const raw = ' \u201cIt\u2019s\u201d\r\n\r\n\r\n\r\ncaf\u00e9 \u2014 49\u00b0 \u0152uvre\u00a0 ____ x\u2011y\u0002 ';
    expect(clean(raw)).toBe('"It\'s"\n\ncafe -- 49 degrees OEuvre -- x-y');
  });
});

describe.each(Object.keys(corpora) as CorpusId[])('%s', (id) => {
  test('loads, is plain ASCII without holes, and is long enough for the largest window', async () => {
    const { text } = await loadCorpus(id, fetchText);
    // Pairs have a tab between prompt and answer.
    expect((corpusKind(id).isPairs ? /^[\n\t -~]+$/ : /^[\n -~]+$/).test(text)).toBe(true);
    expect(text).not.toContain('_');
    expect(text.length).toBeLessThan(11_000_000);
    const data = encodeDataset(text.slice(-60_000), {
      tokenizer: 'character',
      vocabularySize: 512,
      validationShare: 0.1,
      trainingCharacters: 0,
    });
    expect(data.tokenizer.decode(data.train) + data.tokenizer.decode(data.validation)).toBe(text.slice(-60_000));
  });

  test('has the sections it is described with, in order and tidy', async () => {
    const { text, sections } = await loadCorpus(id, fetchText);
    const described = corpora[id].sections;
    if (!described) {
      expect(sections).toEqual([]);
      return;
    }
    expect(sections.length).toBeGreaterThan(100);
    sections.forEach(({ start, end, labels }, index) => {
      expect(Object.keys(labels)).toEqual(described.labels);
      expect(text.slice(start, end).trim()).toBe(text.slice(start, end));
      expect(text.slice(end, sections[index + 1]?.start)).toBe(index + 1 < sections.length ? '\n\n' : '\n');
    });
  });
});

test('texts hold what they are named for', async () => {
  const moby = await loadCorpus('moby-dick', fetchText);
  expect(moby.text).toContain('CHAPTER 1. Loomings.\n\nCall me Ishmael.');
  expect(moby.text).toContain('the great shroud of the sea rolled on');
  const sotu = await loadCorpus('sotu', fetchText);
  const lincoln = sotu.sections.find(({ title }) => title === '1861 Abraham Lincoln')!;
  expect(sotu.text.slice(lincoln.start, lincoln.end)).toContain('unprecedented political troubles');
  expect(lincoln.labels.party).toBe('Republican');
  expect(sotu.sections).toHaveLength(233);
  const sonnets = await loadCorpus('sonnets', fetchText);
  expect(sonnets.sections).toHaveLength(154);
  expect(sonnets.text.slice(sonnets.sections[17].start)).toMatch(/^Shall I compare thee to a summer's day\?\n/);
});

test('names come shuffled, each once', async () => {
  const { text } = await loadCorpus('names', fetchText);
  const names = text.trim().split('\n');
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(8000);
  const ascending = names.filter((name, i) => i > 0 && name > names[i - 1]).length / names.length;
  expect(Math.abs(ascending - 0.5)).toBeLessThan(0.03);
});

test.each([
  ['an empty text', '', '[]', 'corpora/sotu.txt: expected text, got an empty file; build again'],
  ['a page instead of sections', 'x', '<!doctype html>', 'expected JSON, got "<!doctype html>"'],
  ['sections of another text', 'x', '[{"title":"a","start":0,"end":9,"labels":{}}]', 'in order within 1 characters'],
])('refuses %s', async (_, text, sections, sentence) => {
  const fetchWrong = async (path: string) => (path.endsWith('.txt') ? text : sections);
  await expect(loadCorpus('sotu', fetchWrong)).rejects.toThrow(sentence);
});

test('passes on that a file is missing', async () => {
  const fetchNothing = () => Promise.reject(new Error('404'));
  await expect(loadCorpus('sotu', fetchNothing)).rejects.toThrow('404');
});
