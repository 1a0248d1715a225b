/** The numbers of a decode, as many as its decoder reads, and the seed. */
import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { factsOf } from '../../config/decoders.ts';
import { type DecodeState, editDecode } from '../../store/decode.ts';
import { DiceIcon } from '../icons.tsx';
import { NumberControl } from '../parts/NumberControl.tsx';

export function DecodeNumbers({ request, window }: { request: DecodeState['request']; window: number }) {
  const { uses } = factsOf(request.decoder);
  const set = (name: 'steps' | 'length' | 'seed' | 'topK', min: number, max: number) => (entry: string) => {
    const value = Number(entry);
    if (Number.isFinite(value)) editDecode({ [name]: Math.min(max, Math.max(min, Math.round(value))) });
  };
  const shared = { min: 1, max: window, integer: true };
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      {uses.includes('steps') && (
        <NumberControl label="Calls" {...shared} value={String(request.steps)} onCommit={set('steps', 1, window)} />
      )}
      {uses.includes('topK') && (
        <NumberControl
          label="k"
          min={1}
          max={4096}
          integer
          value={String(request.topK)}
          onCommit={set('topK', 1, 4096)}
        />
      )}
      {uses.includes('topP') && (
        <NumberControl
          label="p"
          min={0.01}
          max={1}
          integer={false}
          value={String(request.topP)}
          onCommit={(entry) => Number(entry) > 0 && editDecode({ topP: Math.min(1, Number(entry)) })}
        />
      )}
      <NumberControl label="Length" {...shared} value={String(request.length)} onCommit={set('length', 1, window)} />
      <NumberControl
        label="Seed"
        min={0}
        max={4294967295}
        integer
        value={String(request.seed)}
        onCommit={set('seed', 0, 4294967295)}
      />
      <Tooltip label="Another seed" withArrow>
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Another seed"
          onClick={() => editDecode({ seed: Math.floor(Math.random() * 10000) })}
        >
          <DiceIcon />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
