/** Play, and the slider over the network calls of a decode. */
import { ActionIcon, Group, Slider, Text, Tooltip } from '@mantine/core';
import { play, scrub, useDecode } from '../../store/decode.ts';
import { PauseIcon, PlayIcon } from '../icons.tsx';

export function Scrubber() {
  const { frames, position, playing } = useDecode();
  const last = frames.length - 1;
  const frame = frames[Math.min(position, last)];
  if (!frame) return null;
  const label = playing ? 'Pause the playback' : 'Play the denoising';
  return (
    <Group wrap="nowrap" gap="sm" mt="md">
      <Tooltip label={label} withArrow>
        <ActionIcon variant="default" size={32} aria-label={label} onClick={() => (playing ? scrub(position) : play())}>
          {playing ? <PauseIcon /> : <PlayIcon />}
        </ActionIcon>
      </Tooltip>
      <Slider
        style={{ flex: 1 }}
        size="sm"
        min={0}
        max={Math.max(1, last)}
        step={1}
        label={null}
        value={Math.min(position, last)}
        thumbLabel="Network call"
        color="var(--accent)"
        onChange={scrub}
      />
      <Text size="sm" className="tabular" miw={96} ta="right">
        call {frame.call} of {frame.calls}
      </Text>
    </Group>
  );
}
