/** One setting, generated from a schema: label, "?", control with unit and range, mark and reset where changed. */
import { ActionIcon, Group, Select, Switch, Text, Tooltip } from '@mantine/core';
import { useId } from 'react';
import type { Field } from '../../config/schema/fields.ts';
import type { Setting } from '../../config/settings.ts';
import { ResetIcon } from '../icons.tsx';
import { Help } from './Help.tsx';
import { NumberControl } from './NumberControl.tsx';

interface SettingControlProps {
  path: string;
  field: Field;
  value: Setting;
  /** What a reset goes back to; where the value differs it is marked. */
  base: Setting;
  /** Why what was entered cannot be used. */
  sentence: string | undefined;
  onEdit: (entry: Setting) => void;
}

export function SettingControl({ path, field, value, base, sentence, onEdit }: SettingControlProps) {
  const id = useId();
  const changed = value !== base;
  return (
    <div className={field.kind === 'choice' ? 'choice-row' : 'number-row'} data-path={path}>
      <Group gap={2} wrap="nowrap" mih={30}>
        <Text component="span" id={id} size="sm" fw={changed ? 600 : 400} c={changed ? 'var(--accent)' : undefined}>
          {field.label}
        </Text>
        <Help topic={field.label} text={field.why} />
        {changed && (
          <Tooltip label={`Back to ${base}`} withArrow>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={20}
              aria-label={`Reset ${field.label} to ${base}`}
              onClick={() => onEdit(base)}
            >
              <ResetIcon size={13} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <SettingInput field={field} value={String(value)} invalid={sentence !== undefined} onEdit={onEdit} />
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

interface SettingInputProps extends Pick<SettingControlProps, 'field' | 'onEdit'> {
  value: string;
  invalid: boolean;
}

function SettingInput({ field, value, invalid, onEdit }: SettingInputProps) {
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
          onCommit={onEdit}
        />
      );
    case 'flag':
      return (
        <Switch
          size="sm"
          mt={5}
          aria-label={field.label}
          checked={value === 'true'}
          onChange={(event) => onEdit(event.currentTarget.checked)}
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
          onChange={(option) => option !== null && onEdit(option)}
        />
      );
    default:
      return field satisfies never;
  }
}

function short(value: number): string {
  return value >= 10000 ? value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 }) : String(value);
}
