/** The recorded studies: one at a time with its question, its verdicts and its tables; its runs go to the charts. */
import { Alert, Stack, Text } from '@mantine/core';
import { memo, useState } from 'react';
import type { StudyRecord } from '../../config/records.ts';
import { chooseRuns } from '../../store/compare/comparison.ts';
import { runsOfStudies } from '../../store/compare/runs.ts';
import { useStudies } from '../../store/compare/studies.ts';
import { sentence } from '../format.ts';
import { Panel } from '../parts/Panel.tsx';
import { outcomeMarks } from './outcomes.ts';
import { StudyDetail } from './StudyDetail.tsx';

/** @param shown ids of the studies with runs in the charts; keep the array while nothing changes */
export const StudiesPanel = memo(function StudiesPanel({ shown }: { shown: readonly string[] }) {
  const { studies, problems, state } = useStudies();
  const [open, setOpen] = useState<string | null>(null);
  const study = studies.find((candidate) => candidate.study === open) ?? studies[0];
  if (!study && problems.length === 0) {
    return state === 'ready' ? null : (
      <Panel title="Studies">
        <Text size="sm" c="dimmed">
          Reading the recorded studies…
        </Text>
      </Panel>
    );
  }
  const take = (next: StudyRecord) => {
    setOpen(next.study);
    chooseRuns(runsOfStudies([next]).map(({ key }) => key));
  };
  return (
    <Panel title="Studies" note="Sets of runs that hold a claim of the literature against this playground">
      {problems.map((problem) => (
        <Alert key={problem} color="red" variant="outline" mb="sm" p="xs">
          {sentence(problem)}
        </Alert>
      ))}
      {study && (
        <Stack gap="md">
          {studies.length > 1 && (
            <fieldset className="study-list" aria-label="Recorded studies">
              {studies.map((candidate) => (
                <button
                  key={candidate.study}
                  type="button"
                  className="study-card"
                  aria-pressed={candidate === study}
                  onClick={() => take(candidate)}
                >
                  <span className="study-title">{candidate.title}</span>
                  <span className="study-counts">{countsOf(candidate)}</span>
                </button>
              ))}
            </fieldset>
          )}
          <StudyDetail study={study} isOnShow={shown.includes(study.study)} onShow={() => take(study)} />
        </Stack>
      )}
    </Panel>
  );
});

function countsOf({ verdicts }: StudyRecord): string {
  return Object.entries(outcomeMarks)
    .map(([outcome, { mark }]) => ({ mark, outcome, count: verdicts.filter((one) => one.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ mark, outcome, count }) => `${mark} ${count} ${outcome}`)
    .join(', ');
}
