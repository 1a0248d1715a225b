/** The decoded text as text, to read and to copy. */
import { Button, Group, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { useDecode } from '../../store/decode.ts';
import { CheckIcon, CopyIcon } from '../icons.tsx';

export function FinalText() {
  const result = useDecode((state) => state.result);
  const { copy, copied, error } = useClipboard();
  if (!result) return null;
  return (
    <div style={{ marginTop: 16, borderTop: '1px solid var(--page-line)', paddingTop: 12 }}>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          Text
        </Text>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={copied ? <CheckIcon size={12} /> : <CopyIcon size={12} />}
          onClick={() => copy(result.text)}
        >
          {error ? 'Refused: select and copy it' : copied ? 'Copied' : 'Copy'}
        </Button>
      </Group>
      <Text
        size="sm"
        data-testid="decode-text"
        style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        ff="monospace"
      >
        {result.text}
      </Text>
    </div>
  );
}
