/** How much to decode, and the seed. */
import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { editDecode, editDecoder, useDecode } from '../../store/decode.ts';
import { DiceIcon } from '../icons.tsx';
import { NumberControl } from '../parts/NumberControl.tsx';

const largestSeed = 4294967295;

export function DecodeNumbers({ window }: { window: number }) {
  const length = useDecode((state) => state.task.length);
  const seed = useDecode((state) => state.settings.seed);
  const within = (entry: string, min: number, max: number, set: (value: number) => void) => {
    const value = Number(entry);
    if (Number.isFinite(value)) set(Math.min(max, Math.max(min, Math.round(value))));
  };
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <NumberControl
        label="Length"
        min={1}
        max={window}
        integer
        value={String(length)}
        onCommit={(entry) => within(entry, 1, window, (value) => editDecode({ length: value }))}
      />
      <NumberControl
        label="Seed"
        min={0}
        max={largestSeed}
        integer
        value={String(seed)}
        onCommit={(entry) => within(entry, 0, largestSeed, (value) => editDecoder('decode.seed', value))}
      />
      <Tooltip label="Another seed" withArrow>
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Another seed"
          onClick={() => editDecoder('decode.seed', Math.floor(Math.random() * 10000))}
        >
          <DiceIcon />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
