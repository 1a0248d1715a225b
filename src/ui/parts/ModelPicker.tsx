/** Which model to look into: the bundled one, the run, one that was kept, or a file. */
import { Button, FileButton, Group, Select } from '@mantine/core';
import type { ModelRef } from '../../config/modelRef.ts';
import { type ModelChoice, modelChoices, openFile, pickModel } from '../../store/models.ts';
import { shownRef, useRun } from '../../store/run.ts';

export function ModelPicker() {
  const run = useRun();
  const open = async (file: File | null) => {
    const ref = file && (await openFile(file));
    if (ref) pickModel(ref);
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Select
        aria-label="Model"
        size="xs"
        flex={1}
        value={shownRef(run)}
        data={grouped(modelChoices(run))}
        allowDeselect={false}
        searchable={modelChoices(run).length > 8}
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
        onChange={(ref) => ref && pickModel(ref as ModelRef)}
      />
      <FileButton
        accept=".safetensors"
        onChange={(file) => void open(file)}
        inputProps={{ 'aria-label': 'File of weights' }}
      >
        {(props) => (
          <Button {...props} size="xs" variant="default">
            Open file
          </Button>
        )}
      </FileButton>
    </Group>
  );
}

/** Choices as a select shows them, by group; a group without choices is left out. */
export function grouped(choices: readonly ModelChoice[]) {
  const groups = [...new Set(choices.map(({ group }) => group))];
  return groups.map((group) => ({
    group: groupNames[group],
    items: choices.filter((choice) => choice.group === group).map(({ ref, label }) => ({ value: ref, label })),
  }));
}

const groupNames: Record<ModelChoice['group'], string> = { Here: 'Here', Kept: 'Kept on this machine', Files: 'Files' };
