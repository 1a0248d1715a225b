/** What to decode and how. */
import { Button, Group, Select, Slider, Stack, Text, Textarea } from '@mantine/core';
import { corpusKind } from '../../config/corpusKinds.ts';
import { type DecoderName, decodersFor, factsOf } from '../../config/decoders.ts';
import { cancelDecode, decode, editDecode, useDecode } from '../../store/decode.ts';
import { shownModel, useRun } from '../../store/run.ts';
import { PlayIcon, StopIcon } from '../icons.tsx';
import { hasSubwords } from '../parts/denoising.ts';
import { Help } from '../parts/Help.tsx';
import { ModelPicker } from '../parts/ModelPicker.tsx';
import { Panel } from '../parts/Panel.tsx';
import { DecodeNumbers } from './DecodeNumbers.tsx';
import { promptWords } from './promptWords.ts';

export function DecodeControls() {
  const request = useDecode((state) => state.request);
  const model = useRun(shownModel);
  const subwords = model !== null && hasSubwords(model);
  const window = model?.experiment.data.sequenceLength ?? 64;
  const kind = model?.experiment.objective.kind ?? 'diffusion';
  const isPairs = model !== null && corpusKind(model.experiment.data.corpus).isPairs;
  const { about, uses } = factsOf(request.decoder);
  return (
    <Panel title="Decode">
      <Stack gap="sm">
        <ModelPicker size="sm" />
        <Textarea
          size="sm"
          label="Prompt"
          {...promptWords(kind, subwords, isPairs)}
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
          description={about}
          allowDeselect={false}
          value={request.decoder}
          data={decodersFor(kind).map((value) => ({ value, label: factsOf(value).label }))}
          onChange={(decoder) => decoder !== null && editDecode({ decoder: decoder as DecoderName })}
        />
        <DecodeNumbers request={request} window={window} />
        {uses.includes('temperature') && <Temperature value={request.temperature} />}
        <DecodeButton />
      </Stack>
    </Panel>
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
  const model = useRun(shownModel);
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
