/** A button that opens a file of weights, level with the title of the choice that it adds to. */
import { Button, FileButton } from '@mantine/core';

export function OpenWeights({ label, onOpen }: { label: string; onOpen: (file: File) => void }) {
  return (
    <FileButton accept=".safetensors" onChange={(file) => file && onOpen(file)} inputProps={{ 'aria-label': label }}>
      {(props) => (
        <Button {...props} size="compact-sm" variant="subtle" mr={-8}>
          Open file
        </Button>
      )}
    </FileButton>
  );
}
