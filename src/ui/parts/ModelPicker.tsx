/** Which model to look into: the bundled one, the run, one that was kept, or a file. */
import { type ComboboxItem, type ComboboxItemGroup, Group, Select, Text } from '@mantine/core';
import { useId } from 'react';
import type { ModelRef } from '../../config/modelRef.ts';
import { type ModelChoice, modelChoices, openFile, pickModel } from '../../store/models.ts';
import { shownRef, useRun } from '../../store/run.ts';
import { OpenWeights } from './OpenWeights.tsx';

/** Names of runs are long: the select cuts them, its list is as wide as they are, and neither leaves a phone's screen. */
export const longNames = {
  comboboxProps: { width: 'max-content', position: 'bottom-start' },
  styles: { input: { textOverflow: 'ellipsis' }, dropdown: { maxWidth: 'calc(100vw - 24px)' } },
} as const;

export function ModelPicker({ size = 'xs' }: { size?: 'xs' | 'sm' }) {
  const id = useId();
  const run = useRun();
  const choices = modelChoices(run);
  const shown = shownRef(run);
  const open = async (file: File) => {
    const ref = await openFile(file);
    if (ref) pickModel(ref);
  };
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" h={22} mb={4}>
        <Text component="label" htmlFor={id} size="sm" fw={600}>
          Model
        </Text>
        <OpenWeights label="File of weights" onOpen={(file) => void open(file)} />
      </Group>
      <Select
        id={id}
        size={size}
        value={shown}
        data={grouped(choices)}
        title={choices.find(({ ref }) => ref === shown)?.label}
        allowDeselect={false}
        searchable={choices.length > 8}
        nothingFoundMessage="No model of that name"
        {...longNames}
        onChange={(ref) => ref && pickModel(ref as ModelRef)}
      />
    </div>
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
