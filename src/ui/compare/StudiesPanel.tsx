/** Every study, recorded or not: one at a time with its question; of a recorded one its verdicts, tables and curves. */
import { Alert, Stack, Text } from '@mantine/core';
import { memo, useMemo, useState } from 'react';
import { chooseRuns } from '../../store/compare/comparison.ts';
import { runsOfStudies } from '../../store/compare/runs.ts';
import { type ListedStudy, listedStudies, useOfferedStudies, useStudies } from '../../store/compare/studies.ts';
import { sentence } from '../format.ts';
import { Panel } from '../parts/Panel.tsx';
import { outcomeMarks } from './outcomes.ts';
import { StudyDetail } from './StudyDetail.tsx';
import { StudyOffer } from './StudyOffer.tsx';

/** @param shown ids of the studies with runs in the charts; keep the array while nothing changes */
export const StudiesPanel = memo(function StudiesPanel({ shown }: { shown: readonly string[] }) {
  const { studies, problems, state } = useStudies();
  const { offered } = useOfferedStudies();
  const [open, setOpen] = useState<string | null>(null);
  const listed = useMemo(() => listedStudies(studies, offered ?? []), [studies, offered]);
  // The recorded ones come first: until they have been read, none is on show that would give way to them.
  const study = state === 'ready' ? (listed.find(({ id }) => id === open) ?? listed[0]) : undefined;
  const take = (next: ListedStudy) => {
    setOpen(next.id);
    if (next.recorded) chooseRuns(runsOfStudies([next.recorded]).map(({ key }) => key));
  };
  return (
    <Panel title="Studies" note="Sets of runs that hold a claim of the literature against this playground">
      {problems.map((problem) => (
        <Alert key={problem} color="red" variant="outline" mb="sm" p="xs">
          {sentence(problem)}
        </Alert>
      ))}
      {study ? (
        <Stack gap="md">
          {listed.length > 1 && (
            <fieldset className="study-list" aria-label="All studies">
              {listed.map((candidate) => (
                <button
                  key={candidate.id}
                  type="button"
                  className="study-card"
                  aria-pressed={candidate === study}
                  onClick={() => take(candidate)}
                >
                  <span className="study-title">{candidate.title}</span>
                  <span className="study-counts">{wordsFor(candidate)}</span>
                </button>
              ))}
            </fieldset>
          )}
          {study.recorded && (
            <StudyDetail
              study={study.recorded}
              offered={study.offered}
              isOnShow={shown.includes(study.id)}
              onShow={() => take(study)}
            />
          )}
          {!study.recorded && study.offered && <StudyOffer study={study.offered} />}
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
  if (!recorded) return `${offered?.arms.length} arms, not recorded yet`;
  return Object.entries(outcomeMarks)
    .map(([outcome, { mark }]) => ({
      mark,
      outcome,
      count: recorded.verdicts.filter((one) => one.outcome === outcome).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ mark, outcome, count }) => `${mark} ${count} ${outcome}`)
    .join(', ');
}
