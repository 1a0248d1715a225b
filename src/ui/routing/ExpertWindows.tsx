/** The windows of text that an expert takes most of. */
import { Text } from '@mantine/core';
import type { Atlas } from '../../config/atlas.ts';
import { type Place, topTexts } from './expertFacts.ts';

export function ExpertWindows({ atlas, place }: { atlas: Atlas; place: Place }) {
  const texts = topTexts(atlas, place);
  if (texts.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600} mt="md" mb={4}>
        Windows that it takes most of
      </Text>
      {texts.map(({ text, tokens, of }) => (
        <Text key={text} size="sm" mb={6} style={{ overflowWrap: 'anywhere' }}>
          <span className="panel-note tabular">
            {tokens} of {of}:{' '}
          </span>
          {text}
        </Text>
      ))}
    </div>
  );
}
