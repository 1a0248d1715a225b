/** Why the edited configuration cannot be trained: the engine's refusal, or entries to correct first. */
import { Text } from '@mantine/core';
import { sentence } from '../../base/format.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { useRun } from '../../store/run.ts';

export function WhyNotTrain() {
  const inspection = useRun((run) => run.inspection);
  const invalid = useConfiguration((state) => state.invalid);
  const sentences = Object.values(invalid).map((entry) => entry.sentence);
  if (sentences.length === 0 && inspection.state !== 'refused') return null;
  return (
    <Text size="sm" c="var(--mantine-color-error)" px="md" pb={10} role="status">
      {sentences.length > 0
        ? `Correct this entry before training: ${sentences[0]}`
        : inspection.state === 'refused' && `${sentence(inspection.problem.message)} ${inspection.problem.action}`}
    </Text>
  );
}
