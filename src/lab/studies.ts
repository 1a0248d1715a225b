/** The studies that there are. Not here: what a study is (`studies/study.ts`). */
import { ConfigError, shown } from '../base/errors.ts';
import { capacitySchedules } from './studies/capacitySchedules.ts';
import { denseVsMoe } from './studies/denseVsMoe.ts';
import { designChoices } from './studies/designChoices.ts';
import { parallelDecoding } from './studies/parallelDecoding.ts';
import { repeatedData } from './studies/repeatedData.ts';
import { routers } from './studies/routers.ts';
import type { Study } from './studies/study.ts';

export const studies: readonly Study[] = [
  denseVsMoe,
  repeatedData,
  routers,
  capacitySchedules,
  designChoices,
  parallelDecoding,
];

/** The study with this id. Throws `ConfigError` naming the known ids. */
export function studyById(id: string): Study {
  const study = studies.find((candidate) => candidate.id === id);
  if (study) return study;
  const known = studies.map((candidate) => candidate.id).join(', ');
  throw new ConfigError(`study: expected one of ${known}, got ${shown(id)}`);
}
