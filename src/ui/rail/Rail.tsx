/** The configuration: presets, then one section per group of the schema. */
import { Accordion, Box, Text } from '@mantine/core';
import { fields } from '../../config/experiment.ts';
import { schema } from '../../config/schema.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { CostPanel } from './CostPanel.tsx';
import { GroupFields, stateOf } from './GroupFields.tsx';
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
  const { changed, wrong } = stateOf(
    fields.filter((field) => field.group === group),
    useConfiguration(),
  );
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
