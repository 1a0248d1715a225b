/** One's own text to learn from: paste, drop or choose a file; refused with a sentence where it cannot be used. */
import { Button, FileButton, Group, Text, Textarea } from '@mantine/core';
import { type DragEvent, useState } from 'react';
import { compact } from '../../base/format.ts';
import { setOwnText, useConfiguration } from '../../store/configuration.ts';
import { checkText, type OwnTextOutcome, readTextFile } from '../../store/ownText.ts';

/** Longer texts are kept but not put into the text area, which would make the page slow. */
const longestShown = 20_000;

/** What is asked for, by what the text is to be. */
const words = {
  text: {
    label: 'Your own text',
    description: 'Paste here, drop a text file, or choose one (up to 20 MB, UTF-8). It stays in this browser.',
    example: 'Once upon a time…',
  },
  pairs: {
    label: 'Your own prompts and answers',
    description:
      'One pair per line: prompt, tab, answer; or JSON with "prompt" and "answer". The answer follows its prompt directly. It stays in this browser.',
    example: '{"prompt": "2+2=", "answer": "4"}',
  },
} as const;

export function OwnTextControl({ isPairs }: { isPairs: boolean }) {
  const { label, description, example } = words[isPairs ? 'pairs' : 'text'];
  const ownText = useConfiguration((state) => state.ownText);
  const [sentence, setSentence] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const tooLong = ownText !== null && ownText.text.length > longestShown;

  const take = (outcome: OwnTextOutcome) => {
    setSentence(outcome.ok ? null : outcome.sentence);
    if (outcome.ok) setOwnText(outcome.ownText);
  };
  const takeFile = async (file: File | null) => {
    if (file) take(await readTextFile(file));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) void takeFile(file);
    else take(checkText('Dropped text', event.dataTransfer.getData('text/plain')));
  };

  return (
    <section
      className="drop-zone"
      aria-label={label}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Textarea
        size="xs"
        label={label}
        description={description}
        rows={6}
        value={ownText === null || tooLong ? '' : ownText.text}
        placeholder={tooLong ? `${ownText.name} is loaded; paste here to replace it` : example}
        error={sentence}
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (value === '') {
            setSentence(null);
            setOwnText(null);
          } else take(checkText('Pasted text', value));
        }}
      />
      <Group justify="space-between" mt={6}>
        <FileButton accept="text/*,.txt,.md,.csv,.json,.tsv,.jsonl" onChange={takeFile}>
          {(props) => (
            <Button {...props} size="compact-xs" variant="default">
              Choose file
            </Button>
          )}
        </FileButton>
        {ownText && (
          <Text size="xs" c="dimmed">
            {ownText.name}: {compact(ownText.text.length)} characters
          </Text>
        )}
      </Group>
    </section>
  );
}
