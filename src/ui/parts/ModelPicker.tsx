/** Which model to look into: the bundled one, the run, one that was kept, or a file. */
import { Button, type ComboboxItem, type ComboboxItemGroup, FileButton, Group, Select } from '@mantine/core';
import type { ModelRef } from '../../config/modelRef.ts';
import { type ModelChoice, modelChoices, openFile, pickModel } from '../../store/models.ts';
import { shownRef, useRun } from '../../store/run.ts';

/** Names of runs are long: the select cuts them, its list is as wide as they are, and neither leaves a phone's screen. */
export const longNames = {
  comboboxProps: { width: 'max-content', position: 'bottom-start' },
  styles: { input: { textOverflow: 'ellipsis' }, dropdown: { maxWidth: 'calc(100vw - 24px)' } },
} as const;

export function ModelPicker({ size = 'xs' }: { size?: 'xs' | 'sm' }) {
  const run = useRun();
  const choices = modelChoices(run);
  const shown = shownRef(run);
  const open = async (file: File | null) => {
    const ref = file && (await openFile(file));
    if (ref) pickModel(ref);
  };
  return (
    <Group gap={6} wrap="nowrap" align="flex-end">
      <Select
        label="Model"
        size={size}
        flex={1}
        miw={0}
        value={shown}
        data={grouped(choices)}
        title={choices.find(({ ref }) => ref === shown)?.label}
        allowDeselect={false}
        searchable={choices.length > 8}
        nothingFoundMessage="No model of that name"
        comboboxProps={longNames.comboboxProps}
        styles={{ ...longNames.styles, label: { fontSize: 14, lineHeight: '22px', marginBottom: 4 } }}
        onChange={(ref) => ref && pickModel(ref as ModelRef)}
      />
      <FileButton
        accept=".safetensors"
        onChange={(file) => void open(file)}
        inputProps={{ 'aria-label': 'File of weights' }}
      >
        {(props) => (
          <Button {...props} size={size} px="sm" variant="default" style={{ flexShrink: 0 }}>
            Open file
          </Button>
        )}
      </FileButton>
    </Group>
  );
}

/** Choices as a select shows them: what is here first, then the kept ones and the files, each under a title. */
export function grouped(choices: readonly ModelChoice[]): (ComboboxItem | ComboboxItemGroup<ComboboxItem>)[] {
  const itemsOf = (group: ModelChoice['group']) =>
    choices.filter((choice) => choice.group === group).map(({ ref, label }) => ({ value: ref, label }));
  const titled = [
    { group: 'Kept on this machine', items: itemsOf('Kept') },
    { group: 'Opened files', items: itemsOf('Files') },
  ];
  return [...itemsOf('Here'), ...titled.filter(({ items }) => items.length > 0)];
}
