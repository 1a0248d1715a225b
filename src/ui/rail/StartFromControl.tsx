/** Whose weights the next run starts from: fresh ones, the bundled model's, the run's, or a file's. */
import { Button, FileButton, Group, Select, Text } from '@mantine/core';
import { useConfiguration } from '../../store/configuration.ts';
import { useRun } from '../../store/run.ts';
import {
  adoptModel,
  adoptUpcycled,
  chooseStart,
  importWeights,
  isModelOf,
  startModelOf,
} from '../../store/startFrom.ts';
import type { StartSource } from '../../worker/protocol.ts';
import { Help } from '../parts/Help.tsx';

const fresh = 'fresh';

export function StartFromControl() {
  const from = useConfiguration((state) => state.from);
  const run = useRun();
  const model = from && startModelOf(run, from);
  const isTaken = useConfiguration(({ experiment }) => model !== null && isModelOf(experiment, model));
  const data = [
    { value: fresh, label: 'Fresh weights' },
    { value: 'pretrained', label: 'The bundled model', disabled: !run.pretrained },
    { value: 'run', label: 'Your run', disabled: !run.model },
    { value: 'imported', label: run.imported?.name ?? 'A file of weights', disabled: !run.imported },
  ];
  return (
    <section className="start-from" aria-label="Start from">
      <Group gap={2} wrap="nowrap" mt="md" mb={4}>
        <Text component="span" size="sm" fw={600}>
          Start from
        </Text>
        <Help
          topic="Start from"
          text="Other weights than random ones: to go on learning on another text or task, or to turn a dense model into experts. Model and tokenizer must be theirs; the optimizer starts anew."
        />
      </Group>
      <Group gap={6} wrap="nowrap">
        <Select
          size="xs"
          flex={1}
          aria-label="Weights to start from"
          data={data}
          value={from ?? fresh}
          allowDeselect={false}
          onChange={(value) => chooseStart(value === fresh ? null : (value as StartSource))}
        />
        <FileButton accept=".safetensors" onChange={(file) => file && void importWeights(file)}>
          {(props) => (
            <Button {...props} size="xs" variant="default">
              Open file
            </Button>
          )}
        </FileButton>
      </Group>
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
