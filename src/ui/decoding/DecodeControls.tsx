/** What to decode and how. */
import { Button, Select, Stack, Textarea } from '@mantine/core';
import { corpusKind } from '../../config/corpusKinds.ts';
import { type DecoderName, decodersFor, factsOf } from '../../config/decoders.ts';
import { cancelDecode, chooseDecoder, decode, editDecode, useDecode } from '../../store/decode.ts';
import { shownModel, useRun } from '../../store/run.ts';
import { PlayIcon, StopIcon } from '../icons.tsx';
import { hasSubwords } from '../parts/denoising.ts';
import { ModelPicker } from '../parts/ModelPicker.tsx';
import { Panel } from '../parts/Panel.tsx';
import { DecodeNumbers } from './DecodeNumbers.tsx';
import { DecoderParts } from './DecoderParts.tsx';
import { promptWords } from './promptWords.ts';

export function DecodeControls() {
  const prompt = useDecode((state) => state.task.prompt);
  const decoder = useDecode((state) => state.decoder);
  const model = useRun(shownModel);
  const subwords = model !== null && hasSubwords(model);
  const window = model?.experiment.data.sequenceLength ?? 64;
  const kind = model?.experiment.objective.kind ?? 'diffusion';
  const isPairs = model !== null && corpusKind(model.experiment.data.corpus).isPairs;
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
          value={prompt}
          onChange={(event) => editDecode({ prompt: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        <Select
          size="sm"
          label="Decoder"
          description={factsOf(decoder).about}
          allowDeselect={false}
          value={decoder}
          data={decodersFor(kind).map((value) => ({ value, label: factsOf(value).label }))}
          onChange={(name) => name !== null && chooseDecoder(name as DecoderName)}
        />
        <DecodeNumbers window={window} />
        <DecoderParts />
        <DecodeButton />
      </Stack>
    </Panel>
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
