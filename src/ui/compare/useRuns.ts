/** Every run that can be compared, as React sees them. */
import { startTransition, useEffect, useMemo, useState } from 'react';
import { currentRecord } from '../../store/compare/currentRun.ts';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { keyOf, runsOfRecords, runsOfStudies } from '../../store/compare/runs.ts';
import { useOfferedStudies, useStudies } from '../../store/compare/studies.ts';
import { live, lossSeries, speedSeries, subscribeLive } from '../../store/live.ts';
import { isActive, type Run, useRun } from '../../store/run.ts';
import { useSavedRuns } from '../../store/savedRuns.ts';

/** Milliseconds between two looks at the run in progress: its curves are drawn among many others. */
const lookInterval = 1000;

export function useRuns(): ComparedRun[] {
  const studies = useStudies((state) => state.studies);
  const saved = useSavedRuns((state) => state.runs);
  const current = useCurrentRun();
  const offered = useOfferedStudies((state) => state.offered);
  const others = useMemo(() => {
    const named = [...studies.map(({ study, arms }) => ({ id: study, arms })), ...(offered ?? [])];
    return [...runsOfRecords(saved, named), ...runsOfStudies(studies)];
  }, [saved, studies, offered]);
  return useMemo(
    () => (current ? [current, ...others.filter(({ key }) => key !== current.key)] : others),
    [current, others],
  );
}

function useCurrentRun(): ComparedRun | null {
  const [run, setRun] = useState(currentRun);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        // In slices between which the page answers: dozens of lines may have to be drawn.
        startTransition(() => setRun(currentRun()));
      }, lookInterval);
    };
    const ends = [subscribeLive(look), useRun.subscribe(look)];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, []);
  return run;
}

function currentRun(): ComparedRun | null {
  const run = useRun.getState();
  const { model, status, machine } = run;
  // Once it has ended it is among the saved runs.
  if (!isActive(run) || !model || !status || !machine || status.step === 0) return null;
  const record = currentRecord({
    model,
    status,
    loss: lossSeries,
    speed: speedSeries,
    validation: live.validation,
    adapter: adapterOf(run),
  });
  return { key: keyOf('current', record), origin: 'current', record, label: record.name };
}

function adapterOf({ machine, status }: Run): string {
  const adapter = status?.backend === 'gpu' ? machine?.adapter : null;
  if (!adapter) return 'CPU';
  return adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ') || 'GPU';
}
