/** The studies that there are. Not here: what a study is (`studies/study.ts`). */
import { ConfigError } from '../config/errors.ts';
import { denseVsMoe } from './studies/denseVsMoe.ts';
import type { Study } from './studies/study.ts';

export const studies: readonly Study[] = [denseVsMoe];

/** The study with this id. Throws `ConfigError` naming the known ids. */
export function studyById(id: string): Study {
  const study = studies.find((candidate) => candidate.id === id);
  if (study) return study;
  const known = studies.map((candidate) => candidate.id).join(', ');
  throw new ConfigError(`study: expected one of ${known}, got ${JSON.stringify(id)}`);
}
