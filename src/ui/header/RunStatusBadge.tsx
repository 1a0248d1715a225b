/** One word on what the engine is doing, with a dot that repeats it in colour. */
import type { Ending, RunPhase, RunStatus } from '../../config/records.ts';
import { type Run, useRun } from '../../store/run.ts';

interface Words {
  readonly text: string;
  readonly colour: string;
}

const phases: Record<Exclude<RunPhase, 'ended'>, Words> = {
  suspended: { text: 'Waiting', colour: 'var(--mantine-color-yellow-6)' },
  preparing: { text: 'Preparing', colour: 'var(--mantine-color-yellow-6)' },
  running: { text: 'Training', colour: 'var(--mantine-color-green-6)' },
  paused: { text: 'Paused', colour: 'var(--mantine-color-yellow-6)' },
};

const endings: Record<Ending, Words> = {
  finished: { text: 'Finished', colour: 'var(--accent)' },
  stopped: { text: 'Stopped', colour: 'var(--mantine-color-gray-5)' },
  failed: { text: 'Failed', colour: 'var(--mantine-color-red-6)' },
  diverged: { text: 'Diverged', colour: 'var(--mantine-color-red-6)' },
};

const ready: Words = { text: 'Ready', colour: 'var(--mantine-color-gray-5)' };
const starting: Words = { text: 'Starting', colour: 'var(--mantine-color-yellow-6)' };

export function RunStatusBadge() {
  const { text, colour } = useRun(wordsFor);
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

function wordsFor({ openFailed, machine, status }: Run): Words {
  if (openFailed) return endings.failed;
  if (!machine) return starting;
  return status ? wordsOf(status) : ready;
}

function wordsOf({ phase, ending }: RunStatus): Words {
  return phase === 'ended' ? endings[ending ?? 'stopped'] : phases[phase];
}
