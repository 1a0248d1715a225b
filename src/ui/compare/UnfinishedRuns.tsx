/** Runs that were left before their last step: each can be continued, or given up. */
import { Button, Text } from '@mantine/core';
import { bytes, dateOf, whole } from '../../base/format.ts';
import { isActive, useRun } from '../../store/run.ts';
import { continueRun, forgetRun } from '../../store/session.ts';
import type { KeptSummary } from '../../worker/protocol.ts';

export function UnfinishedRuns({ states }: { states: readonly KeptSummary[] }) {
  const active = useRun(isActive);
  return (
    <>
      <Text size="sm" fw={600} mt="sm" mb={4}>
        Runs to go on with
      </Text>
      <ul className="queue" aria-label="Runs to go on with">
        {states.map((state) => (
          <Unfinished key={state.id} state={state} active={active} />
        ))}
      </ul>
      {active && (
        <Text size="xs" c="dimmed" mt={4}>
          One can be continued when the run in progress has ended.
        </Text>
      )}
    </>
  );
}

function Unfinished({ state, active }: { state: KeptSummary; active: boolean }) {
  const { id, name, step, steps, savedAt, bytes: size } = state;
  return (
    <li className="queue-entry wraps">
      <div className="queue-name">
        <span>{name}</span>
        <span className="panel-note">
          left at step {whole(step)} of {whole(steps)}, {dateOf(savedAt)}, {bytes(size)}
        </span>
      </div>
      <Button
        size="compact-sm"
        variant="light"
        disabled={active}
        aria-label={`Continue: ${name}`}
        onClick={() => void continueRun(id)}
      >
        Continue
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        c="dimmed"
        aria-label={`Give it up: ${name}`}
        onClick={() => void forgetRun(id)}
      >
        Give it up
      </Button>
    </li>
  );
}
