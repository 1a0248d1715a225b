/**
 * A number that may be typed freely (`3e-4` too) and stepped with the arrow keys. It is handed over on Enter, on
 * leaving the field and on a step; whether it fits is decided by the caller, whose sentence is shown beneath.
 */
import { TextInput } from '@mantine/core';
import { type KeyboardEvent, useEffect, useState } from 'react';

interface NumberControlProps {
  label: string;
  /** The label is already on screen: keep it for screen readers only. */
  hideLabel?: boolean;
  value: string;
  unit?: string;
  min: number;
  max: number;
  integer: boolean;
  logarithmic?: boolean;
  /** Marked as wrong; the sentence is shown by the caller. */
  invalid?: boolean;
  disabled?: boolean;
  onCommit: (entry: string) => void;
}

export function NumberControl(props: NumberControlProps) {
  const { label, hideLabel, value, unit, min, max, integer, logarithmic, invalid, disabled, onCommit } = props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);

  const commit = (entry: string) => {
    if (entry.trim() !== value) onCommit(entry.trim());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Enter') commit(draft);
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    const next = stepped(Number(draft), event.key === 'ArrowUp' ? 1 : -1, { min, max, integer, logarithmic });
    if (next === null) return;
    event.preventDefault();
    setDraft(next);
    commit(next);
  };

  return (
    <TextInput
      size="xs"
      inputMode={integer ? 'numeric' : 'decimal'}
      autoComplete="off"
      spellCheck={false}
      label={hideLabel ? undefined : label}
      aria-label={hideLabel ? label : undefined}
      value={draft}
      error={invalid}
      disabled={disabled}
      rightSection={
        unit ? (
          <span className="panel-note" style={{ fontSize: 11 }}>
            {unit}
          </span>
        ) : null
      }
      rightSectionWidth={unit ? 8 + unit.length * 6.2 : undefined}
      rightSectionPointerEvents="none"
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => commit(draft)}
      onKeyDown={onKeyDown}
    />
  );
}

interface Steps {
  min: number;
  max: number;
  integer: boolean;
  logarithmic?: boolean;
}

/** The next value up or down as text: whole numbers by 1, factors of 1.25 where logarithmic, else 5 % of the range. */
export function stepped(value: number, direction: 1 | -1, { min, max, integer, logarithmic }: Steps): string | null {
  if (!Number.isFinite(value)) return null;
  const linear = integer ? 1 : Math.min(0.05, (max - min) / 20);
  const next = logarithmic ? value * 1.25 ** direction : value + direction * linear;
  return String(Number(Math.min(max, Math.max(min, next)).toPrecision(integer ? 15 : 4)));
}
