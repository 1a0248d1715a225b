/** The configuration: presets, then one section per group of the schema. */
import { Accordion, Box, Text } from '@mantine/core';
import { corpusKind } from '../../config/corpusKinds.ts';
import { applies, fields, settingAt } from '../../config/experiment.ts';
import { presetExperiment } from '../../config/presets.ts';
import { schema } from '../../config/schema.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { CostPanel } from './CostPanel.tsx';
import { FieldControl } from './FieldControl.tsx';
import { OwnTextControl } from './OwnTextControl.tsx';
import { PresetPicker } from './PresetPicker.tsx';
import { StartFromControl } from './StartFromControl.tsx';

export function Rail() {
  return (
    <Box p="md" pb={0}>
      <PresetPicker />
      <StartFromControl />
      <Accordion
        multiple
        defaultValue={['data']}
        mt="md"
        styles={{ control: { paddingInline: 0 }, content: { paddingInline: 0 }, label: { paddingBlock: 10 } }}
      >
        {Object.entries(schema).map(([group, { label }]) => (
          <Accordion.Item key={group} value={group}>
            <Accordion.Control>
              <GroupTitle group={group} label={label} />
            </Accordion.Control>
            <Accordion.Panel>
              <GroupFields group={group} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      <CostPanel />
    </Box>
  );
}

function GroupTitle({ group, label }: { group: string; label: string }) {
  const { presetId, experiment, invalid } = useConfiguration();
  const preset = presetExperiment(presetId);
  const paths = fields.filter((field) => field.group === group).map((field) => field.path);
  const changed = paths.filter((path) => settingAt(experiment, path) !== settingAt(preset, path)).length;
  const wrong = paths.filter((path) => invalid[path]).length;
  return (
    <>
      <Text span fw={600} size="sm">
        {label}
      </Text>
      {changed > 0 && (
        <Text span size="xs" c="var(--accent)" ml={8}>
          {changed} changed
        </Text>
      )}
      {wrong > 0 && (
        <Text span size="xs" c="var(--mantine-color-error)" ml={8}>
          {wrong} to correct
        </Text>
      )}
    </>
  );
}

function GroupFields({ group }: { group: string }) {
  const experiment = useConfiguration((state) => state.experiment);
  return (
    <Box style={{ display: 'grid', gap: 12 }}>
      {fields
        .filter((entry) => entry.group === group && applies(experiment, entry.field))
        .map(({ path, field }) => (
          <FieldControl key={path} path={path} field={field} />
        ))}
      {group === 'data' && corpusKind(experiment.data.corpus).isOwn && (
        <OwnTextControl key={experiment.data.corpus} isPairs={corpusKind(experiment.data.corpus).isPairs} />
      )}
    </Box>
  );
}
