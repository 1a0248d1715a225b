/** What is changed of the model on show, always in sight: each undone by one click; and what it costs in loss. */
import { Button, Group, Text } from '@mantine/core';
import { interventionText } from '../../config/interventions.ts';
import { useMeasuring } from '../../store/measuring.ts';
import { interventionsOf, useRouting } from '../../store/routing.ts';
import { shownRef, useRun } from '../../store/run.ts';
import { keyOf, measureCost, undo, useTakeAway } from '../../store/takeAway.ts';
import { Panel } from '../parts/Panel.tsx';
import { costWords, interventionWords } from './costWords.ts';
import { MeasuringProgress } from './MeasuringProgress.tsx';

export function TakenAway() {
  const model = useRun(shownRef);
  const interventions = useRouting((state) => interventionsOf(state, model));
  if (interventions.length === 0) return null;
  return (
    <Panel title="Taken away" note="The routes below are those of the model without it; in Decode the model is whole">
      <Group gap="xs" mb="sm">
        {interventions.map((one) => (
          <Button
            key={interventionText(one)}
            size="compact-sm"
            variant="default"
            onClick={() => void undo(one)}
            aria-label={`Undo: ${interventionWords(one)}`}
          >
            {interventionWords(one)} ✕
          </Button>
        ))}
      </Group>
      <div role="status" data-testid="cost">
        <CostReport />
      </div>
    </Panel>
  );
}

/** How far the measurement of the loss is, its outcome, or the way to it. */
export function CostReport() {
  const model = useRun(shownRef);
  const interventions = useRouting((state) => interventionsOf(state, model));
  const { loss, of: measured } = useTakeAway();
  const isMeasuring = useMeasuring(({ now }) => now?.task === 'cost');
  if (isMeasuring) return <MeasuringProgress task="cost" />;
  if (loss && measured === keyOf(model, interventions))
    return (
      <Text size="sm" className="tabular">
        {costWords(loss, interventions.length)}
      </Text>
    );
  return (
    <Button size="compact-sm" variant="default" style={{ alignSelf: 'flex-start' }} onClick={() => void measureCost()}>
      Measure the loss
    </Button>
  );
}
