/** The edited model in figures, before and during a run: size, cost, text. */
import { SimpleGrid, Text } from '@mantine/core';
import { compact, three } from '../../base/format.ts';
import { useRun } from '../../store/run.ts';
import type { ModelReport } from '../../worker/protocol.ts';
import { Panel } from '../parts/Panel.tsx';

export function ModelPanel() {
  const inspection = useRun((run) => run.inspection);
  if (inspection.state !== 'ready') return null;
  return (
    <Panel title="The model as configured">
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="md" verticalSpacing="xs">
        {factsOf(inspection.model).map(({ label, value }) => (
          <div key={label}>
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text size="sm" fw={600} className="tabular">
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt="sm">
        {inspection.model.split}
      </Text>
    </Panel>
  );
}

function factsOf({ parameters, trainFlopsPerToken, vocabulary, experiment, floorBpc }: ModelReport) {
  const facts = [
    { label: 'parameters', value: compact(parameters.total) },
    { label: 'active per token', value: compact(parameters.active) },
    { label: 'FLOPs per token', value: compact(trainFlopsPerToken) },
    { label: 'tokens per step', value: compact(experiment.training.batchSize * experiment.data.sequenceLength) },
    // The last id is the mask, which is no token of the text.
    { label: 'vocabulary', value: `${vocabulary.length - 1} + mask` },
  ];
  if (floorBpc !== null) facts.push({ label: 'lowest possible loss', value: `${three(floorBpc)} bits/char` });
  return facts;
}
