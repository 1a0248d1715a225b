/** Whose weights the next run starts from: fresh ones, or those of any model: bundled, the run's, kept, a file's. */
import { Button, Group, Select, Text } from '@mantine/core';
import type { ModelRef } from '../../config/modelRef.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { modelChoices } from '../../store/models.ts';
import { modelOf, useRun } from '../../store/run.ts';
import { adoptModel, adoptUpcycled, chooseStart, importWeights, isModelOf } from '../../store/startFrom.ts';
import { Help } from '../parts/Help.tsx';
import { grouped, longNames } from '../parts/ModelPicker.tsx';
import { OpenWeights } from '../parts/OpenWeights.tsx';

const fresh = 'fresh';

export function StartFromControl() {
  const from = useConfiguration((state) => state.from);
  const run = useRun();
  const model = from && modelOf(run, from);
  const isTaken = useConfiguration(({ experiment }) => model !== null && isModelOf(experiment, model));
  const data = [{ value: fresh, label: 'Fresh weights' }, ...grouped(modelChoices(run))];
  return (
    <section className="start-from" aria-label="Start from">
      <Group justify="space-between" wrap="nowrap" mt="md" h={22} mb={4}>
        <Group gap={2} wrap="nowrap">
          <Text component="span" size="sm" fw={600}>
            Start from
          </Text>
          <Help
            topic="Start from"
            text="Other weights than random ones: to go on learning on another text or task, or to turn a dense model into experts. Model and tokenizer must be theirs; the optimizer starts anew."
          />
        </Group>
        <OpenWeights label="File of weights to start from" onOpen={(file) => void importWeights(file)} />
      </Group>
      <Select
        size="xs"
        aria-label="Weights to start from"
        data={data}
        value={from ?? fresh}
        allowDeselect={false}
        {...longNames}
        onChange={(value) => chooseStart(value === fresh ? null : (value as ModelRef))}
      />
      {model && (
        <Group gap={6} mt={6}>
          {isTaken ? (
            <Text size="xs" c="dimmed" role="status">
              The configuration has its model settings.
            </Text>
          ) : (
            <Button size="compact-xs" variant="default" onClick={() => adoptModel(model)}>
              Take its model settings
            </Button>
          )}
          {model.experiment.model.feedForward === 'dense' && (
            <Button size="compact-xs" variant="default" onClick={() => adoptUpcycled(model)}>
              Turn it into experts
            </Button>
          )}
        </Group>
      )}
    </section>
  );
}
