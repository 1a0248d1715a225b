/** Turns a picture into the table behind it, and back. */
import { Button } from '@mantine/core';

interface TableSwitchProps {
  /** What the picture shows, for the button's name. */
  of: string;
  on: boolean;
  onChange: (on: boolean) => void;
}

export function TableSwitch({ of, on, onChange }: TableSwitchProps) {
  return (
    <Button
      variant={on ? 'light' : 'subtle'}
      color="gray"
      c={on ? undefined : 'dimmed'}
      size="compact-xs"
      aria-pressed={on}
      aria-label={`${of} as a table`}
      onClick={() => onChange(!on)}
    >
      Table
    </Button>
  );
}
