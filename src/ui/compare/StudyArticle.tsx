/** One study: its question, how to run it here, and what was found: as it was recorded, or by a person's own runs. */
import { Button, Code, Group, SegmentedControl, Text } from '@mantine/core';
import { useState } from 'react';
import type { StudyRecord, StudyResult } from '../../config/records.ts';
import { chooseRuns } from '../../store/compare/comparison.ts';
import { type OwnStudy, type StudySource, sourcesOf } from '../../store/compare/ownStudies.ts';
import type { ListedStudy } from '../../store/compare/studies.ts';
import { download } from '../parts/download.ts';
import { RunStudy } from './RunStudy.tsx';
import { StudyFindings } from './StudyFindings.tsx';
import { StudyQuestion } from './StudyQuestion.tsx';

interface StudyArticleProps {
  study: ListedStudy;
  own: readonly OwnStudy[];
  /** The runs of a seed are being measured. */
  isMeasured: boolean;
  /** Keys of the runs in the charts; keep the array while nothing changes. */
  shown: readonly string[];
}

export function StudyArticle({ study: { title, recorded, offered }, own, isMeasured, shown }: StudyArticleProps) {
  const [wanted, setWanted] = useState<string | null>(null);
  const sources = sourcesOf(recorded, own);
  const source = sources.find(({ id }) => id === wanted) ?? sources[0];
  const isOnShow = source?.keys.some((key) => shown.includes(key));
  const question = recorded?.question ?? offered?.question ?? '';
  const take = (id: string) => {
    setWanted(id);
    const next = sources.find((candidate) => candidate.id === id);
    if (next) chooseRuns(next.keys);
  };
  return (
    <article aria-label={title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <StudyQuestion title={title} question={question} />
        <Group gap="xs">
          {source && !isOnShow && (
            <Button size="xs" variant="default" onClick={() => take(source.id)}>
              Show its curves
            </Button>
          )}
          {offered && <RunStudy study={offered} />}
        </Group>
      </Group>
      {sources.length > 1 && (
        <SegmentedControl
          size="xs"
          mt="xs"
          aria-label="Whose results"
          data={sources.map(({ id, label }) => ({ value: id, label }))}
          value={source.id}
          onChange={take}
        />
      )}
      {own.map((ofSize) => {
        const words = progressWords(ofSize);
        return (
          words && (
            <Text key={ofSize.size} size="sm" mt={6} data-testid="study-progress">
              {words}
            </Text>
          )
        );
      })}
      {isMeasured && (
        <Text size="sm" mt={6}>
          Your runs are being measured: what is not known yet stands as “?”.
        </Text>
      )}
      {source ? (
        <>
          <SourceLine {...source} />
          <StudyFindings verdicts={source.record.verdicts} tables={source.record.tables} />
        </>
      ) : (
        <Arms arms={offered?.arms ?? []} />
      )}
    </article>
  );
}

/** How far a person's own runs are; null where their results say it. */
function progressWords({ size, result, waiting }: OwnStudy): string | null {
  const done = result?.finished ?? 0;
  if (waiting > 0) return `Your runs, size “${size}”: ${done} done, ${waiting} to go.`;
  if (result?.record) return null;
  return `Your runs, size “${size}”: ${done} done. There are results once every arm has run with one seed in common.`;
}

/** Where results come from, in one sentence, and all of them as a file. */
function SourceLine({ record, result }: StudySource) {
  const { adapter, created, commit, runs, seeds, size, command, study } = record;
  const counted = `${runs.length} runs, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'} per arm, size “${size}”.`;
  return (
    <Text size="xs" c="dimmed" mt={6} data-testid="study-source">
      {result ? (
        `Your runs on ${adapter}, ${dayOf(created)}: ${counted}${caveats(result, seeds)}`
      ) : (
        <>
          Recorded on {adapter}, {dayOf(created)}, commit {commit.slice(0, 7)}: {counted} <Code fz={12}>{command}</Code>
        </>
      )}{' '}
      <Button
        variant="subtle"
        color="gray"
        c="dimmed"
        size="compact-xs"
        aria-label={`JSON: ${record.title}`}
        onClick={() => download(`${study}-${size}.json`, `${JSON.stringify(record)}\n`, 'application/json')}
      >
        JSON
      </Button>
    </Text>
  );
}

function caveats({ leftOut }: StudyResult, seeds: number): string {
  const missing =
    leftOut.length === 0
      ? ''
      : ` ${leftOut.length === 1 ? 'Seed' : 'Seeds'} ${leftOut.join(', ')} left out: not every arm has run with it.`;
  return `${missing}${seeds === 1 ? ' One seed has no error bars: nothing is decided.' : ''}`;
}

function Arms({ arms }: { arms: StudyRecord['arms'] }) {
  return (
    <>
      <Text size="sm" c="dimmed" mt={6}>
        Not recorded yet. It compares:
      </Text>
      <ul className="study-arms">
        {arms.map(({ id, label }) => (
          <li key={id}>{label}</li>
        ))}
      </ul>
    </>
  );
}

function dayOf(created: string): string {
  return new Date(created).toLocaleDateString('en-GB', { dateStyle: 'medium' });
}
