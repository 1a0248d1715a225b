/** How much room models may take on this machine. Whoever makes it so small that some must go is asked first. */
import { Button, Group, NumberInput, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { bytes } from '../../base/format.ts';
import { setModelBudget } from '../../store/models.ts';
import { Dialog } from '../parts/Dialog.tsx';

const megabyte = 1e6;

interface ModelBudgetProps {
  budget: number;
  /** Bytes that models take now. */
  taken: number;
}

export function ModelBudget({ budget, taken }: ModelBudgetProps) {
  const [entry, setEntry] = useState<string | number>(budget / megabyte);
  const [asked, setAsked] = useState<number | null>(null);
  const putBack = () => setEntry(budget / megabyte);
  useEffect(() => setEntry(budget / megabyte), [budget]);
  const take = () => {
    const wanted = Math.max(1, Number(entry)) * megabyte;
    if (entry === '' || !Number.isFinite(wanted) || wanted === budget) putBack();
    else if (wanted < taken) setAsked(wanted);
    else void setModelBudget(wanted);
  };
  const keep = () => {
    setAsked(null);
    putBack();
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="xs" c="dimmed">
        Room for models
      </Text>
      <NumberInput
        size="xs"
        w={92}
        aria-label="Room for models, in megabytes"
        suffix=" MB"
        min={1}
        step={64}
        hideControls
        value={entry}
        onChange={setEntry}
        onBlur={() => asked === null && take()}
        onKeyDown={(event) => event.key === 'Enter' && take()}
      />
      {asked !== null && (
        <Dialog opened onClose={keep} title="Remove models?" closeLabel="Keep the models">
          <Text size="sm">
            Models take {bytes(taken)} now. To keep to {bytes(asked)}, the oldest that are not pinned are removed for
            good.
          </Text>
          <Group mt="md" justify="flex-end">
            <Button variant="default" onClick={keep}>
              Keep
            </Button>
            <Button
              color="red"
              onClick={() => {
                void setModelBudget(asked).then((isSet) => !isSet && putBack());
                setAsked(null);
              }}
            >
              Remove
            </Button>
          </Group>
        </Dialog>
      )}
    </Group>
  );
}
