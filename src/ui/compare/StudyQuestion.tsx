/** A study's title and what it asks. */
import { Text } from '@mantine/core';

export function StudyQuestion({ title, question }: { title: string; question: string }) {
  return (
    <div style={{ flex: '1 1 320px' }}>
      <Text component="h3" fz={15} fw={600} m={0}>
        {title}
      </Text>
      <Text size="sm" mt={2}>
        {question}
      </Text>
    </div>
  );
}
