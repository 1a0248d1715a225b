/** Where the command line finds text: the corpora prepared by the build beside this bundle, or a file. */
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigError, DataError, namingText } from '../base/errors.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import type { Experiment } from '../config/schema.ts';
import { type CorpusId, loadCorpus } from '../data/corpora.ts';
import { expectTextSize, readableText } from '../data/ownText.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { type WindowDomain, windowDomains } from '../lab/domains.ts';
import { type EvaluationText, heldOut, loadRunText, prepareText, type RunText, windowsOfText } from '../train/text.ts';
import { readBytes, reasonOf, statusOf } from './disk.ts';

/** What `--data` makes of `data.corpus`: pairs, by the file's name. Throws `ConfigError` where that names another text. */
export function ownCorpus(file: string, named: string | undefined): 'custom' | 'pairs' {
  if (named === undefined) return /\.(tsv|jsonl)$/i.test(file) ? 'pairs' : 'custom';
  if (named === 'custom' || named === 'pairs') return named;
  throw new ConfigError(`--data: expected none when data.corpus is "${named}", got a file`);
}

/**
 * The text of a run, ready to train on; `file` for a text of one's own, `tokenizer` of the weights that it goes on from.
 * Throws `DataError` with one sentence about the file.
 */
export async function loadText(
  experiment: Experiment,
  file: string | undefined,
  tokenizer?: Tokenizer,
): Promise<RunText> {
  const { corpus } = experiment.data;
  if (corpusKind(corpus).isOwn && file === undefined) {
    throw new DataError(`--data: expected a file, because data.corpus is "${corpus}" (a run keeps no copy), got none`);
  }
  const own = file === undefined ? null : { content: readOwn(file), where: file };
  const text = await loadRunText(experiment, own, readBundled);
  const prepare = () => prepareText(experiment, text, tokenizer);
  return file === undefined ? prepare() : namingText(file, prepare);
}

/** Windows of a file to evaluate on. Throws `DataError` about the file, characters unknown to the model included. */
export function windowsOfFile(
  experiment: Experiment,
  file: string,
  tokenizer: Tokenizer,
  count: number,
): EvaluationText {
  const text = readableText(readOwn(file), file);
  return namingText(file, () => windowsOfText(experiment, text, tokenizer, count));
}

/** What an atlas of routes reads: held-out windows with the domains of their corpus, or windows of a file. */
export async function atlasText(
  experiment: Experiment,
  file: string | undefined,
  tokenizer: Tokenizer,
  count: number,
): Promise<{ text: EvaluationText; about: string; domains: WindowDomain[] }> {
  if (file !== undefined) {
    const text = windowsOfFile(experiment, file, tokenizer, count);
    return { text, about: 'Windows spread over a file.', domains: [] };
  }
  const text = await loadText(experiment, undefined, tokenizer);
  return {
    text: heldOut(text, count),
    about: `Held-out windows of data.corpus "${experiment.data.corpus}". ${text.split}`,
    domains: windowDomains(await loadCorpus(experiment.data.corpus as CorpusId, readBundled), text.middlesOf(count)),
  };
}

/** A file of the build, beside the bundle. */
const readBundled = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

/** Bytes of a file whose size was checked before it is read. */
function readOwn(file: string): Uint8Array {
  const status = statusOf(file);
  if (!status) throw new DataError(`${file}: expected a readable file, got nothing there`);
  if (status.isDirectory()) throw new DataError(`${file}: expected a file, got a directory`);
  if (status.isFile()) {
    expectTextSize(status.size, file);
    return readBytes(file);
  }
  return readStream(file);
}

/** A pipe has no size: it is read up to the limit, and the limit is then reported as any other. */
function readStream(file: string): Uint8Array {
  const parts: Buffer[] = [];
  const descriptor = openStream(file);
  try {
    let total = 0;
    for (;;) {
      const part = Buffer.alloc(65536);
      const read = readPart(descriptor, part, file);
      if (read === 0) break;
      parts.push(part.subarray(0, read));
      total += read;
      expectTextSize(total, file);
    }
  } finally {
    closeSync(descriptor);
  }
  return Buffer.concat(parts);
}

function openStream(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new DataError(`${file}: expected a readable file, got ${reasonOf(error)}`);
  }
}

function readPart(descriptor: number, part: Buffer, file: string): number {
  try {
    return readSync(descriptor, part);
  } catch (error) {
    throw new DataError(`${file}: expected a readable file, got ${reasonOf(error)}`);
  }
}
