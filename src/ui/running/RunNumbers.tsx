/** The run in four numbers; before it starts, what it will cost. */
import { Text } from '@mantine/core';
import { bytes, compact, duration, whole } from '../../base/format.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { lossSeries } from '../../store/live.ts';
import { isActive, pendingEdits, useRun } from '../../store/run.ts';
import { useLive } from '../live.ts';
import { estimateWords } from '../parts/estimate.ts';

export function RunNumbers() {
  const run = useRun();
  const configuration = useConfiguration();
  const { status, inspection, machine, openFailed } = run;
  const started = status !== null && (isActive(run) || pendingEdits(run, configuration) === 0);
  if (started) return <Running />;
  if (openFailed) return <Note>The engine could not be opened.</Note>;
  if (!machine) return <Note>Opening the engine and loading the bundled model…</Note>;
  if (inspection.state !== 'ready')
    return <Note>{inspection.state === 'waiting' ? 'Working out what this run costs…' : ''}</Note>;
  const { estimate, memoryBytes } = inspection;
  return (
    <div className="figures" data-testid="estimate">
      <Figure
        label="this run will take about"
        value={`${estimateWords(estimate)} on the ${run.backend === 'gpu' ? 'GPU' : 'CPU'}`}
      />
      <Figure label="memory" value={bytes(memoryBytes)} />
    </div>
  );
}

function Running() {
  useLive();
  const status = useRun((run) => run.status);
  if (!status) return null;
  if (status.phase === 'preparing' || status.phase === 'suspended') return <Note>{status.activity}</Note>;
  if (status.problem !== null) return <Note>{status.problem}</Note>;
  return (
    <div className="figures">
      <Figure label="step" value={`${whole(status.step)} of ${whole(status.steps)}`} testId="run-step" />
      <Figure
        label="bits per character"
        value={Number.isFinite(lossSeries.last) ? lossSeries.last.toFixed(3) : '–'}
        testId="run-loss"
      />
      <Figure label="tokens/s" value={compact(status.tokensPerSecond)} testId="run-speed" />
      <Figure
        label="time left"
        value={status.secondsLeft === null || status.phase === 'ended' ? '–' : duration(status.secondsLeft)}
      />
    </div>
  );
}

function Figure({ label, value, testId }: { label: string; value: string; testId?: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed" lh={1.2}>
        {label}
      </Text>
      <Text size="sm" fw={600} lh={1.3} className="tabular" data-testid={testId}>
        {value}
      </Text>
    </div>
  );
}

function Note({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
