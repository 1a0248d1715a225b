/** The two questions about something that is kept, a run or a model: its new name, and whether it may go. */
import { Button, Group, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Dialog } from '../parts/Dialog.tsx';

export function RenameDialog({
  what,
  name: before,
  rename,
  onClose,
}: {
  what: 'run' | 'model';
  name: string;
  /** Answers whether the name was taken; where not, the dialog stays. */
  rename: (name: string) => Promise<boolean>;
  onClose: () => void;
}) {
  const [name, setName] = useState(before);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await rename(name.trim())) onClose();
  };
  return (
    <Dialog opened onClose={onClose} title={`Rename the ${what}`} closeLabel="Keep the name">
      <form onSubmit={(event) => void submit(event)}>
        <TextInput label="Name" value={name} maxLength={80} onChange={(event) => setName(event.currentTarget.value)} />
        <Group mt="md" justify="flex-end">
          <Button type="submit" disabled={name.trim() === ''}>
            Rename
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}

export function RemoveDialog({
  what,
  text,
  remove,
  onClose,
}: {
  what: 'run' | 'model';
  /** What goes and what stays. */
  text: string;
  remove: () => Promise<unknown>;
  onClose: () => void;
}) {
  const removeIt = () => {
    void remove();
    onClose();
  };
  return (
    <Dialog opened onClose={onClose} title={`Remove the ${what}?`} closeLabel={`Keep the ${what}`}>
      <Text size="sm">{text}</Text>
      <Group mt="md" justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Keep
        </Button>
        <Button color="red" onClick={removeIt}>
          Remove
        </Button>
      </Group>
    </Dialog>
  );
}
