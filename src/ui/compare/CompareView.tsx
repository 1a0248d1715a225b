/** Compare: studies, curves of chosen runs over each other, what differs among them, the queue and the table of runs. */
import { Stack } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { useComparison } from '../../store/compare/comparison.ts';
import { followOwnStudies } from '../../store/compare/ownStudies.ts';
import { firstChoice } from '../../store/compare/runs.ts';
import { listStudies, loadStudies } from '../../store/compare/studies.ts';
import { useRun } from '../../store/run.ts';
import { followSavedRuns } from '../../store/savedRuns.ts';
import { CurvesPanel } from './CurvesPanel.tsx';
import { DifferencesPanel } from './DifferencesPanel.tsx';
import { LibraryPanel } from './LibraryPanel.tsx';
import { QueuePanel } from './QueuePanel.tsx';
import { RunsPanel } from './RunsPanel.tsx';
import { StudiesPanel } from './StudiesPanel.tsx';
import { useEqual } from './useEqual.ts';
import { useRuns } from './useRuns.ts';

export function CompareView() {
  useEffect(() => void loadStudies(document.baseURI), []);
  // What is saved is known once the engine is open.
  const isOpen = useRun((run) => run.machine !== null);
  useEffect(() => {
    if (!isOpen) return;
    const ends = [followSavedRuns(), followOwnStudies()];
    return () => {
      for (const end of ends) end();
    };
  }, [isOpen]);
  useEffect(() => void listStudies(), []);
  const runs = useRuns();
  const wanted = useComparison((state) => state.chosen);
  const byKey = useMemo(() => new Map(runs.map((run) => [run.key, run])), [runs]);
  const chosen = useEqual((wanted ?? firstChoice(runs)).flatMap((key) => byKey.get(key) ?? []));
  const shown = useEqual(chosen.map(({ key }) => key));
  return (
    <Stack p="md" gap="md">
      <StudiesPanel shown={shown} />
      <CurvesPanel runs={chosen} />
      <DifferencesPanel runs={chosen} />
      <QueuePanel />
      <LibraryPanel />
      <RunsPanel runs={runs} chosen={chosen} />
    </Stack>
  );
}
