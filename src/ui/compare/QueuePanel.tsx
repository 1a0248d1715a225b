/** The run queue: what runs and what waits, in order; add the edited configuration with several seeds. */
import { Button, Group, Text } from '@mantine/core';
import { emptyQueue, pauseQueue, useQueue } from '../../store/queue.ts';
import type { QueueState } from '../../worker/protocol.ts';
import { PauseIcon, PlayIcon } from '../icons.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Enqueue } from './Enqueue.tsx';
import { QueueEntry } from './QueueEntry.tsx';

export function QueuePanel() {
  const queue = useQueue((state) => state.queue);
  if (!queue) return null;
  const { runs, runningId, isPaused, measuring, isElsewhere } = queue;
  const waiting = runs.length - (runningId === null ? 0 : 1);
  return (
    <Panel
      title="Queue"
      note={wordsFor(queue, waiting)}
      actions={
        runs.length > 0 && (
          <Group gap="xs">
            {waiting > 1 && (
              <Button size="xs" variant="subtle" c="dimmed" disabled={isElsewhere} onClick={() => void emptyQueue()}>
                Remove all that wait
              </Button>
            )}
            <Button
              size="xs"
              variant="default"
              disabled={isElsewhere}
              leftSection={isPaused ? <PlayIcon size={12} /> : <PauseIcon size={12} />}
              onClick={() => void pauseQueue(!isPaused)}
            >
              {isPaused ? 'Go on with the queue' : 'Pause the queue'}
            </Button>
          </Group>
        )
      }
    >
      {measuring && (
        <Text size="sm" mb="xs" data-testid="queue-measuring">
          Measuring {measuring.study}, seed {measuring.seed}: {measuring.activity}
        </Text>
      )}
      {runs.length > 0 && (
        <ol className="queue" aria-label="Runs in the queue">
          {runs.map((run, place) => (
            <QueueEntry
              key={run.id}
              run={run}
              isRunning={run.id === runningId}
              isFixed={isElsewhere}
              // The run in progress keeps the first place.
              up={place > 0 && runs[place - 1].id !== runningId ? place - 1 : null}
              down={place < runs.length - 1 ? place + 1 : null}
            />
          ))}
        </ol>
      )}
      <Group mt={runs.length > 0 ? 'sm' : 0} gap="xs">
        <Enqueue disabled={isElsewhere} />
      </Group>
      {isElsewhere && (
        <Text size="xs" c="dimmed" mt="xs">
          Another tab of this page works on the queue. It can be changed there.
        </Text>
      )}
    </Panel>
  );
}

function wordsFor({ runs, runningId, isPaused }: QueueState, waiting: number): string {
  if (runs.length === 0) return 'Runs that are trained one after another, also after a reload';
  const words = `${waiting} ${waiting === 1 ? 'run waits' : 'runs wait'}${runningId === null ? '' : ', one is in progress'}`;
  return isPaused ? `${words}. Paused: no further run starts.` : words;
}
