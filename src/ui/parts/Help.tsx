/** The "?" beside a mark: one line of why, on hover, focus and touch. */
import { ActionIcon, Tooltip } from '@mantine/core';

export function Help({ topic, text }: { topic: string; text: string }) {
  return (
    <Tooltip label={text} multiline maw={280} withArrow events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon variant="subtle" color="gray" size={18} radius="xl" aria-label={`${topic}: ${text}`} c="dimmed">
        <span aria-hidden="true" style={{ fontSize: 11, fontWeight: 600 }}>
          ?
        </span>
      </ActionIcon>
    </Tooltip>
  );
}
