/** Every study, recorded or not, run here or not: one at a time with its question and what was found. */
import { Alert, Stack, Text } from '@mantine/core';
import { memo, useMemo, useState } from 'react';
import { sentence } from '../../base/format.ts';
import type { StudyRecord } from '../../config/records.ts';
import { chooseRuns } from '../../store/compare/comparison.ts';
import { type OwnStudy, ownStudies, sourcesOf, useOwnStudies } from '../../store/compare/ownStudies.ts';
import { type ListedStudy, listedStudies, useOfferedStudies, useStudies } from '../../store/compare/studies.ts';
import { useQueue } from '../../store/queue.ts';
import { Panel } from '../parts/Panel.tsx';
import { outcomeMarks } from './outcomes.ts';
import { StudyArticle } from './StudyArticle.tsx';

/** @param shown keys of the runs in the charts; keep the array while nothing changes */
export const StudiesPanel = memo(function StudiesPanel({ shown }: { shown: readonly string[] }) {
  const { studies, problems, state } = useStudies();
  const { offered } = useOfferedStudies();
  const { results } = useOwnStudies();
  const queued = useQueue(({ queue }) => queue?.runs);
  const measured = useQueue(({ queue }) => queue?.measuring?.study);
  const [open, setOpen] = useState<string | null>(null);
  const listed = useMemo(() => {
    const own = (id: string) => ownStudies(id, results, queued ?? []);
    return listedStudies(studies, offered ?? []).map((study) => ({ study, own: own(study.id) }));
  }, [studies, offered, results, queued]);
  // The recorded ones come first: until they have been read, none is on show that would give way to them.
  const chosen = state === 'ready' ? (listed.find(({ study }) => study.id === open) ?? listed[0]) : undefined;
  const take = ({ id, recorded }: ListedStudy, own: readonly OwnStudy[]) => {
    setOpen(id);
    const [source] = sourcesOf(recorded, own);
    if (source) chooseRuns(source.keys);
  };
  return (
    <Panel title="Studies" note="Sets of runs that hold a claim of the literature against this playground">
      {problems.map((problem) => (
        <Alert key={problem} color="red" variant="outline" mb="sm" p="xs">
          {sentence(problem)}
        </Alert>
      ))}
      {chosen ? (
        <Stack gap="md">
          {listed.length > 1 && (
            <fieldset className="study-list" aria-label="All studies">
              {listed.map(({ study, own }) => (
                <button
                  key={study.id}
                  type="button"
                  className="study-card"
                  aria-pressed={study === chosen.study}
                  onClick={() => take(study, own)}
                >
                  <span className="study-title">{study.title}</span>
                  <span className="study-counts">{wordsFor(study)}</span>
                  {own.map((ofSize) => (
                    <span key={ofSize.size} className="study-counts">
                      {ownWords(ofSize)}
                    </span>
                  ))}
                </button>
              ))}
            </fieldset>
          )}
          <StudyArticle key={chosen.study.id} {...chosen} isMeasured={chosen.study.id === measured} shown={shown} />
        </Stack>
      ) : (
        (state !== 'ready' || !offered) && (
          <Text size="sm" c="dimmed">
            Reading the studies…
          </Text>
        )
      )}
    </Panel>
  );
});

function wordsFor({ recorded, offered }: ListedStudy): string {
  return recorded ? outcomesOf(recorded) : `${offered?.arms.length} arms, not recorded yet`;
}

function ownWords({ size, result, waiting }: OwnStudy): string {
  if (waiting === 0 && result?.record) return `yours (${size}): ${outcomesOf(result.record)}`;
  return `yours (${size}): ${result?.finished ?? 0} runs done${waiting > 0 ? `, ${waiting} to go` : ''}`;
}

function outcomesOf({ verdicts }: StudyRecord): string {
  return Object.entries(outcomeMarks)
    .map(([outcome, { mark }]) => ({ mark, outcome, count: verdicts.filter((one) => one.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ mark, outcome, count }) => `${mark} ${count} ${outcome}`)
    .join(', ');
}
