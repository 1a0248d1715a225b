/** Start, pause, single step, pace, stop, restart; and what the run is doing, in numbers. Sticks to every view. */
import { ActionIcon, Box, Button, Group, NativeSelect, Progress, Tooltip } from '@mantine/core';
import { useState } from 'react';
import type { RunPhase } from '../../config/records.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { isActive, useRun } from '../../store/run.ts';
import { pause, resume, setPace, singleStep, stop, train } from '../../store/session.ts';
import { PauseIcon, PlayIcon, RestartIcon, StepIcon, StopIcon } from '../icons.tsx';
import { ContinueRun } from './ContinueRun.tsx';
import { PendingEdits } from './PendingEdits.tsx';
import { RestartDialog } from './RestartDialog.tsx';
import { RunMenu } from './RunMenu.tsx';
import { RunNumbers } from './RunNumbers.tsx';
import { WhyNotTrain } from './WhyNotTrain.tsx';

const paces = [
  { value: '0', label: 'Full speed' },
  { value: '100', label: '0.1 s per step' },
  { value: '500', label: '0.5 s per step' },
  { value: '2000', label: '2 s per step' },
];

export function RunBar() {
  const [asking, setAsking] = useState(false);
  const active = useRun(isActive);
  const hasRun = useRun((run) => run.model !== null);
  const phase = useRun((run) => run.status?.phase ?? null);
  const delay = useRun((run) => run.delay);
  const progress = useRun(({ status }) => (status && status.steps > 0 ? (100 * status.step) / status.steps : 0));
  const restart = () => (active ? setAsking(true) : void train());
  return (
    <Box className="run-bar" component="section" aria-label="Run">
      <Group px="md" py={10} justify="space-between" gap="xs" wrap="wrap">
        <Group gap={6} wrap="wrap">
          <PrimaryButton phase={phase} active={active} />
          <RunAction label="Single step" disabled={phase !== 'paused'} onClick={singleStep} icon={<StepIcon />} />
          <RunAction label="Stop" disabled={!active} onClick={stop} icon={<StopIcon />} />
          <RunAction label="Restart" disabled={!hasRun} onClick={restart} icon={<RestartIcon />} />
          <RunMenu disabled={!hasRun} />
          <NativeSelect
            size="xs"
            w={{ base: 118, sm: 132 }}
            aria-label="Pace"
            data={paces}
            value={String(delay)}
            onChange={(event) => void setPace(Number(event.currentTarget.value))}
          />
        </Group>
        <RunNumbers />
      </Group>
      <WhyNotTrain />
      <ContinueRun />
      <PendingEdits onRestart={restart} />
      <Progress
        value={progress}
        size={3}
        radius={0}
        transitionDuration={0}
        aria-label="Progress of the run"
        color="var(--accent)"
      />
      <RestartDialog opened={asking} onClose={() => setAsking(false)} />
    </Box>
  );
}

function PrimaryButton({ phase, active }: { phase: RunPhase | null; active: boolean }) {
  const opening = useRun((run) => run.machine === null && !run.openFailed);
  const openFailed = useRun((run) => run.openFailed);
  const starting = useRun((run) => run.starting);
  const refused = useRun((run) => run.inspection.state === 'refused');
  const invalid = useConfiguration((state) => Object.keys(state.invalid).length > 0);
  const shared = { size: 'sm', w: { base: 112, sm: 128 }, px: 'sm', radius: 'sm' } as const;
  if (phase === 'running') {
    return (
      <Button {...shared} variant="default" leftSection={<PauseIcon />} onClick={() => void pause()}>
        Pause
      </Button>
    );
  }
  if (phase === 'paused') {
    return (
      <Button {...shared} leftSection={<PlayIcon />} onClick={() => void resume()}>
        Resume
      </Button>
    );
  }
  return (
    <Button
      {...shared}
      leftSection={<PlayIcon />}
      loading={opening || starting || active}
      disabled={refused || invalid || openFailed}
      onClick={() => void train()}
    >
      Train
    </Button>
  );
}

interface RunActionProps {
  label: string;
  disabled: boolean;
  icon: React.ReactNode;
  onClick: () => unknown;
}

function RunAction({ label, disabled, icon, onClick }: RunActionProps) {
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon variant="default" size={36} aria-label={label} disabled={disabled} onClick={() => void onClick()}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
