/** One run of the queue: what it is, how far it is, and its place. */
import { ActionIcon, Progress } from '@mantine/core';
import { compact, whole } from '../../base/format.ts';
import { moveInQueue, removeFromQueue } from '../../store/queue.ts';
import { useRun } from '../../store/run.ts';
import type { QueuedRun } from '../../worker/protocol.ts';
import { CloseIcon, DownIcon, UpIcon } from '../icons.tsx';

interface QueueEntryProps {
  run: QueuedRun;
  isRunning: boolean;
  /** The queue belongs to another tab. */
  isFixed: boolean;
  /** The places before and after, where the run could go there. */
  up: number | null;
  down: number | null;
}

export function QueueEntry({ run, isRunning, isFixed, up, down }: QueueEntryProps) {
  const { id, name, experiment, costs } = run;
  const facts = [`${whole(experiment.training.steps)} steps`, `${compact(costs.total)} parameters`];
  const to = (place: number | null) => place !== null && void moveInQueue(id, place);
  return (
    <li className="queue-entry" data-running={isRunning || undefined}>
      <div className="queue-name">
        <span>{name}</span> <span className="panel-note">{facts.join(', ')}</span>
        {isRunning && <Progressing />}
      </div>
      {!isRunning && (
        <>
          <Action label={`Earlier: ${name}`} disabled={isFixed || up === null} onClick={() => to(up)}>
            <UpIcon size={14} />
          </Action>
          <Action label={`Later: ${name}`} disabled={isFixed || down === null} onClick={() => to(down)}>
            <DownIcon size={14} />
          </Action>
        </>
      )}
      <Action label={`Remove from the queue: ${name}`} disabled={isFixed} onClick={() => void removeFromQueue(id)}>
        <CloseIcon size={14} />
      </Action>
    </li>
  );
}

function Progressing() {
  const step = useRun((run) => run.status?.step ?? 0);
  const steps = useRun((run) => run.status?.steps ?? 0);
  return (
    <Progress
      mt={4}
      value={steps > 0 ? (100 * step) / steps : 0}
      size={4}
      transitionDuration={0}
      color="var(--accent)"
      aria-label={`Step ${whole(step)} of ${whole(steps)}`}
    />
  );
}

interface ActionProps {
  label: string;
  disabled: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

function Action({ label, disabled, onClick, children }: ActionProps) {
  return (
    <ActionIcon variant="subtle" color="gray" size={26} aria-label={label} disabled={disabled} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
