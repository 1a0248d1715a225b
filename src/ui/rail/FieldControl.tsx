/** One setting, generated from the schema: label, "?", control with unit and range, mark and reset where changed. */
import { ActionIcon, Group, Select, Switch, Text, Tooltip } from '@mantine/core';
import { useId } from 'react';
import { settingAt } from '../../config/experiment.ts';
import { presetExperiment } from '../../config/presets.ts';
import type { Field } from '../../config/schema/fields.ts';
import { edit, resetSetting, useConfiguration } from '../../store/configuration.ts';
import { ResetIcon } from '../icons.tsx';
import { Help } from '../parts/Help.tsx';
import { NumberControl } from '../parts/NumberControl.tsx';

interface FieldControlProps {
  path: string;
  field: Field;
}

export function FieldControl({ path, field }: FieldControlProps) {
  const id = useId();
  const value = useConfiguration((state) => state.invalid[path]?.entry ?? settingAt(state.experiment, path));
  const sentence = useConfiguration((state) => state.invalid[path]?.sentence);
  const presetValue = useConfiguration((state) => settingAt(presetExperiment(state.presetId), path));
  const changed = value !== presetValue;
  return (
    <div className={field.kind === 'choice' ? 'choice-row' : 'number-row'} data-path={path}>
      <Group gap={2} wrap="nowrap" mih={30}>
        <Text component="span" id={id} size="sm" fw={changed ? 600 : 400} c={changed ? 'var(--accent)' : undefined}>
          {field.label}
        </Text>
        <Help topic={field.label} text={field.why} />
        {changed && (
          <Tooltip label={`Back to ${presetValue}`} withArrow>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={20}
              aria-label={`Reset ${field.label} to ${presetValue}`}
              onClick={() => resetSetting(path)}
            >
              <ResetIcon size={13} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <FieldInput path={path} field={field} value={String(value)} invalid={sentence !== undefined} />
      {field.kind === 'number' && (
        <Text size="xs" c="dimmed" style={{ gridColumn: 2 }} className="tabular">
          {short(field.min)} to {short(field.max)}
        </Text>
      )}
      {sentence && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert" style={{ gridColumn: '1 / -1' }}>
          {sentence}
        </Text>
      )}
    </div>
  );
}

interface FieldInputProps extends FieldControlProps {
  value: string;
  invalid: boolean;
}

function FieldInput({ path, field, value, invalid }: FieldInputProps) {
  switch (field.kind) {
    case 'number':
      return (
        <NumberControl
          label={field.label}
          hideLabel
          value={value}
          unit={field.unit}
          min={field.min}
          max={field.max}
          integer={field.integer}
          logarithmic={field.logarithmic}
          invalid={invalid}
          onCommit={(entry) => edit(path, entry)}
        />
      );
    case 'flag':
      return (
        <Switch
          size="sm"
          mt={5}
          aria-label={field.label}
          checked={value === 'true'}
          onChange={(event) => edit(path, event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          size="xs"
          aria-label={field.label}
          data={field.options.map((option) => ({ ...option }))}
          value={value}
          error={invalid}
          allowDeselect={false}
          onChange={(option) => option !== null && edit(path, option)}
        />
      );
    default:
      return field satisfies never;
  }
}

function short(value: number): string {
  return value >= 10000 ? value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 }) : String(value);
}
