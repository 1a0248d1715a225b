/** One word on what the engine is doing, with a dot that repeats it in colour. */
import { useRun } from '../../store/run.ts';
import type { Phase } from '../../worker/protocol.ts';

const words: Record<Phase, { text: string; colour: string }> = {
  idle: { text: 'Ready', colour: 'var(--mantine-color-gray-5)' },
  preparing: { text: 'Preparing', colour: 'var(--mantine-color-yellow-6)' },
  running: { text: 'Training', colour: 'var(--mantine-color-green-6)' },
  paused: { text: 'Paused', colour: 'var(--mantine-color-yellow-6)' },
  finished: { text: 'Finished', colour: 'var(--accent)' },
  failed: { text: 'Failed', colour: 'var(--mantine-color-red-6)' },
};

const stopped = { text: 'Stopped', colour: 'var(--mantine-color-gray-5)' };
const starting = { text: 'Starting', colour: 'var(--mantine-color-yellow-6)' };

export function RunStatusBadge() {
  const machine = useRun((run) => run.machine);
  const phase = useRun((run) => run.status?.phase ?? 'idle');
  const isStopped = useRun(({ status }) => status?.phase === 'finished' && status.step < status.steps);
  const openFailed = useRun((run) => run.openFailed);
  const { text, colour } = openFailed ? words.failed : !machine ? starting : isStopped ? stopped : words[phase];
  return (
    <output
      aria-label="Run status"
      data-testid="run-phase"
      style={{ display: 'inline-flex', alignItems: 'center', gap: 6, fontSize: 13, whiteSpace: 'nowrap' }}
    >
      <span aria-hidden="true" style={{ width: 8, height: 8, borderRadius: '50%', background: colour }} />
      {text}
    </output>
  );
}
