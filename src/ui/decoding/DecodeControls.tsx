/** What to decode and how. */
import { ActionIcon, Button, Group, Select, Slider, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { cancelDecode, type DecodeState, decode, editDecode, useDecode } from '../../store/decode.ts';
import { modelOf, useRun } from '../../store/run.ts';
import type { DecoderName } from '../../worker/protocol.ts';
import { DiceIcon, PlayIcon, StopIcon } from '../icons.tsx';
import { hasSubwords } from '../parts/denoising.ts';
import { Help } from '../parts/Help.tsx';
import { NumberControl } from '../parts/NumberControl.tsx';
import { Panel } from '../parts/Panel.tsx';
import { WeightsPicker } from '../parts/WeightsPicker.tsx';
import { decoders } from './decoders.ts';

export function DecodeControls() {
  const request = useDecode((state) => state.request);
  const model = useRun((run) => modelOf(run, request.weights));
  const subwords = model !== null && hasSubwords(model);
  const window = model?.experiment.data.sequenceLength ?? 64;
  return (
    <Panel title="Decode">
      <Stack gap="sm">
        <WeightsPicker value={request.weights} onChange={(weights) => editDecode({ weights })} />
        <Textarea
          size="sm"
          label="Prompt"
          description={
            subwords
              ? 'Kept as it is; _ is a hole of one token, which brings its own space. The rest of the window is masked.'
              : 'Kept as it is; _ is a hole to fill. The rest of the window is masked.'
          }
          placeholder={subwords ? 'Shall I_thee to a_day?' : 'Call me ______.'}
          autosize
          minRows={2}
          maxRows={6}
          value={request.prompt}
          onChange={(event) => editDecode({ prompt: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        <Select
          size="sm"
          label="Decoder"
          description={decoders[request.decoder].why}
          allowDeselect={false}
          value={request.decoder}
          data={Object.entries(decoders).map(([value, { label }]) => ({ value, label }))}
          onChange={(decoder) => decoder !== null && editDecode({ decoder: decoder as DecoderName })}
        />
        <Numbers request={request} window={window} />
        <Temperature value={request.temperature} />
        <DecodeButton />
      </Stack>
    </Panel>
  );
}

function Numbers({ request, window }: { request: DecodeState['request']; window: number }) {
  const set = (name: 'steps' | 'length' | 'seed', min: number, max: number) => (entry: string) => {
    const value = Number(entry);
    if (Number.isFinite(value)) editDecode({ [name]: Math.min(max, Math.max(min, Math.round(value))) });
  };
  const shared = { min: 1, max: window, integer: true };
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <NumberControl label="Calls" {...shared} value={String(request.steps)} onCommit={set('steps', 1, window)} />
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

function Temperature({ value }: { value: number }) {
  return (
    <div>
      <Group justify="space-between">
        <Group gap={2}>
          <Text size="sm" fw={600}>
            Temperature
          </Text>
          <Help topic="Temperature" text="0 takes the most probable token; 1 samples the model’s own distribution." />
        </Group>
        <Text size="sm" className="tabular">
          {value.toFixed(2)}
        </Text>
      </Group>
      <Slider
        size="sm"
        min={0}
        max={1.5}
        step={0.05}
        label={null}
        value={value}
        thumbLabel="Temperature"
        color="var(--accent)"
        onChange={(temperature) => editDecode({ temperature })}
      />
    </div>
  );
}

function DecodeButton() {
  const busy = useDecode((state) => state.busy);
  const weights = useDecode((state) => state.request.weights);
  const model = useRun((run) => modelOf(run, weights));
  if (busy) {
    return (
      <Button variant="default" leftSection={<StopIcon />} onClick={() => void cancelDecode()}>
        Stop decoding
      </Button>
    );
  }
  return (
    <Button leftSection={<PlayIcon />} disabled={!model} onClick={() => model && void decode(model)}>
      Decode
    </Button>
  );
}
