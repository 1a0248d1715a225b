/** Which text to route, through which weights, and how much of it is masked first. */
import { Button, Grid, Group, Slider, Text, Textarea } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { readsMasks } from '../../config/objectives.ts';
import { editRouting, useRouting } from '../../store/routing.ts';
import { shownModel, useRun } from '../../store/run.ts';
import { DiceIcon } from '../icons.tsx';
import { Help } from '../parts/Help.tsx';
import { ModelPicker } from '../parts/ModelPicker.tsx';
import { Panel } from '../parts/Panel.tsx';

export function RoutingControls({ follows }: { follows: boolean }) {
  const request = useRouting((state) => state.request);
  const model = useRun(shownModel);
  const isMasked = model === null || readsMasks(model.experiment);
  const [text, setText] = useState(request.text);
  const routeText = useDebouncedCallback((next: string) => void editRouting({ text: next }), 400);
  return (
    <Panel title="Routing" note={follows ? 'Follows the run: the current weights, every two seconds' : undefined}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, sm: 6, lg: 3 }}>
          <ModelPicker />
        </Grid.Col>
        {isMasked && (
          <Grid.Col span={{ base: 12, sm: 6, lg: 3 }}>
            <MaskRatio />
          </Grid.Col>
        )}
        <Grid.Col span={{ base: 12, lg: isMasked ? 6 : 9 }}>
          <Group wrap="wrap" align="flex-end" gap="xs">
            <Textarea
              style={{ flex: '1 1 240px' }}
              size="xs"
              label="Text"
              styles={{ label: { fontSize: 14, lineHeight: '22px', marginBottom: 4 } }}
              rows={1}
              placeholder="Empty: a passage of the held-out text"
              value={text}
              onChange={(event) => {
                setText(event.currentTarget.value);
                routeText(event.currentTarget.value);
              }}
            />
            {(isMasked || text === '') && (
              <Button
                size="xs"
                variant="default"
                leftSection={<DiceIcon size={14} />}
                onClick={() => void editRouting({ seed: request.seed + 1 })}
              >
                {text === '' ? 'Another passage' : 'Other masks'}
              </Button>
            )}
          </Group>
        </Grid.Col>
      </Grid>
    </Panel>
  );
}

function MaskRatio() {
  const ratio = useRouting((state) => state.request.maskRatio);
  const [shown, setShown] = useState(ratio);
  return (
    <div>
      <Group justify="space-between" mb={4} h={22}>
        <Group gap={2}>
          <Text size="sm" fw={600}>
            Mask ratio
          </Text>
          <Help
            topic="Mask ratio"
            text="Share of the positions hidden before routing: 0 is clean text, 1 is all masks."
          />
        </Group>
        <Text size="sm" className="tabular">
          {Math.round(shown * 100)} %
        </Text>
      </Group>
      <Slider
        size="sm"
        mt={12}
        min={0}
        max={1}
        step={0.05}
        label={null}
        value={shown}
        thumbLabel="Mask ratio"
        color="var(--accent)"
        onChange={setShown}
        onChangeEnd={(maskRatio) => void editRouting({ maskRatio })}
      />
    </div>
  );
}
