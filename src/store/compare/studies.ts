/**
 * The studies: those that can be run here, which the engine lists, and the recorded ones, shipped beside the page.
 * Both are read once, when Compare is first opened.
 */
import { create } from 'zustand';
import { ConfigError, DataError, shown } from '../../base/errors.ts';
import { shortList } from '../../base/format.ts';
import { parseJson } from '../../base/json.ts';
import { parseStudyRecord } from '../../config/parseRecords.ts';
import type { StudyRecord } from '../../config/records.ts';
import type { StudyReport } from '../../worker/protocol.ts';
import { ask } from '../session.ts';

export interface RecordedStudies {
  state: 'waiting' | 'loading' | 'ready';
  studies: readonly StudyRecord[];
  /** One sentence per file that could not be used. */
  problems: readonly string[];
}

const waiting: RecordedStudies = { state: 'waiting', studies: [], problems: [] };

/** The studies that can be run here; null until the engine has answered. */
export const useOfferedStudies = create<{ offered: readonly StudyReport[] | null }>(() => ({ offered: null }));

/** A study as it is listed: recorded, or to be run here, or both. */
export interface ListedStudy {
  id: string;
  title: string;
  recorded: StudyRecord | null;
  offered: StudyReport | null;
}

/** Every study once: the recorded ones first, then those that have not been recorded. */
export function listedStudies(recorded: readonly StudyRecord[], offered: readonly StudyReport[]): ListedStudy[] {
  const byId = new Map(offered.map((study) => [study.id, study]));
  const known = new Set(recorded.map(({ study }) => study));
  return [
    ...recorded.map((record) => ({
      id: record.study,
      title: record.title,
      recorded: record,
      offered: byId.get(record.study) ?? null,
    })),
    ...offered
      .filter(({ id }) => !known.has(id))
      .map((study) => ({ id: study.id, title: study.title, recorded: null, offered: study })),
  ];
}

/** Asks the engine for the studies that can be run here; a failure is shown. Later calls do nothing. */
export async function listStudies(): Promise<void> {
  if (useOfferedStudies.getState().offered) return;
  const answer = await ask('listStudies', {});
  if (answer) useOfferedStudies.setState({ offered: answer.studies });
}

export const useStudies = create<RecordedStudies>(() => waiting);

/** The part of `fetch` that is used here, so that a test can stand in for it. */
export type FetchFile = (url: URL) => Promise<Pick<Response, 'ok' | 'status' | 'text'>>;

/**
 * Reads `studies/index.json` (a list of ids) beside the page and every study in it. A file that cannot be used is told
 * in `problems`; the others are shown. Later calls do nothing.
 */
export async function loadStudies(baseUrl: string, fetchFile: FetchFile = fetch): Promise<void> {
  if (useStudies.getState().state !== 'waiting') return;
  useStudies.setState({ state: 'loading' });
  const problems: string[] = [];
  const attempt = async <T>(path: string, read: (value: unknown, where: string) => T): Promise<T | null> => {
    try {
      return read(await readJson(new URL(path, baseUrl), path, fetchFile), path);
    } catch (error) {
      if (!(error instanceof DataError || error instanceof ConfigError)) throw error;
      problems.push(`${error.message}. It is left out.`);
      return null;
    }
  };
  const ids = (await attempt('studies/index.json', parseIndex)) ?? [];
  const found = await Promise.all(ids.map((id) => attempt(`studies/${id}.json`, parseStudyRecord)));
  useStudies.setState({
    state: 'ready',
    studies: found.filter((study) => study !== null),
    problems: shortList(problems, 'files'),
  });
}

function parseIndex(value: unknown, where: string): string[] {
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  throw new DataError(`${where}: expected a list of study ids, got ${shown(value)}`);
}

async function readJson(url: URL, path: string, fetchFile: FetchFile): Promise<unknown> {
  const response = await fetchFile(url).catch((error: Error) => {
    throw new DataError(`${path}: expected a file beside the page, got ${error.message}`);
  });
  if (!response.ok) throw new DataError(`${path}: expected a file beside the page, got HTTP ${response.status}`);
  return parseJson(await response.text(), path);
}
