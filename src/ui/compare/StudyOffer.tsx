/** A study of which the page has no record: what it asks, its arms, and how to run it here. */
import { Group, Text } from '@mantine/core';
import type { StudyReport } from '../../worker/protocol.ts';
import { RunStudy } from './RunStudy.tsx';
import { StudyQuestion } from './StudyQuestion.tsx';

export function StudyOffer({ study }: { study: StudyReport }) {
  return (
    <article aria-label={study.title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <StudyQuestion {...study} />
        <RunStudy key={study.id} study={study} />
      </Group>
      <Text size="sm" c="dimmed" mt={6}>
        Not recorded yet. It compares:
      </Text>
      <ul className="study-arms">
        {study.arms.map(({ id, label }) => (
          <li key={id}>{label}</li>
        ))}
      </ul>
    </article>
  );
}
