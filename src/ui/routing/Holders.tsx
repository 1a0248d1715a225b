/** The experts that hold one token, with gate weight and router score. */
import { Group, Text } from '@mantine/core';
import { three } from '../../base/format.ts';
import { ExpertChip } from './ExpertKey.tsx';
import type { Holder } from './routes.ts';

export function Holders({ title, holders }: { title: string; holders: readonly Holder[] }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {title}
        {holders.length === 0 && ': no expert took it, it passes through unchanged'}
      </Text>
      <Group gap="md" mt={4}>
        {holders.map(({ expert, gate, score }) => (
          <Group key={expert} gap={6} wrap="nowrap">
            <ExpertChip expert={expert} />
            <Text size="sm" className="tabular">
              gate {three(gate)}, score {three(score)}
            </Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
