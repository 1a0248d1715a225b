/** What the edited configuration costs, in sight while it is edited, and the dense models of equal cost or size. */
import { Button, Group, SimpleGrid, Text } from '@mantine/core';
import { useState } from 'react';
import { bytes, compact } from '../../base/format.ts';
import type { Experiment } from '../../config/schema.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { useRun } from '../../store/run.ts';
import { matchDense } from '../../store/session.ts';
import { estimateWords } from '../parts/estimate.ts';

export function CostPanel() {
  const inspection = useRun((run) => run.inspection);
  const experiment = useConfiguration((state) => state.experiment);
  const [match, setMatch] = useState<{ experiment: Experiment; sentence: string } | null>(null);
  if (inspection.state !== 'ready') return null;
  const { parameters, trainFlopsPerToken, inferenceFlopsPerToken } = inspection.model;
  const facts = [
    { label: 'parameters', value: compact(parameters.total) },
    { label: 'active', value: compact(parameters.active) },
    { label: 'memory', value: bytes(inspection.memoryBytes) },
    { label: 'training FLOPs/token', value: compact(trainFlopsPerToken) },
    { label: 'inference FLOPs/token', value: compact(inferenceFlopsPerToken) },
    { label: 'time, about', value: estimateWords(inspection.estimate) },
  ];
  const takeMatch = async (by: 'flops' | 'parameters', words: string) => {
    const ratio = await matchDense(by);
    if (ratio === null) return;
    const sentence = `Dense, with ${(100 * ratio).toFixed(2)} % of the sparse model's ${words}.`;
    setMatch({ experiment: useConfiguration.getState().experiment, sentence });
  };
  return (
    <section className="costs" aria-label="What this configuration costs">
      <SimpleGrid cols={3} spacing="xs" verticalSpacing={6}>
        {facts.map(({ label, value }) => (
          <div key={label}>
            <Text size="xs" c="dimmed" lh={1.2}>
              {label}
            </Text>
            <Text size="sm" fw={600} className="tabular">
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      {experiment.model.feedForward !== 'dense' && (
        <Group gap={6} mt={8}>
          <Text size="xs" c="dimmed">
            Dense, at equal
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => void takeMatch('flops', 'training FLOPs per token')}
          >
            FLOPs
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => void takeMatch('parameters', 'parameters')}>
            parameters
          </Button>
        </Group>
      )}
      {match?.experiment === experiment && (
        <Text size="xs" c="dimmed" mt={6} role="status">
          {match.sentence}
        </Text>
      )}
    </section>
  );
}
