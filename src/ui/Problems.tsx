/** What went wrong, in words, above the view: problems of the engine and parts of the address that were not usable. */
import { Alert, Stack } from '@mantine/core';
import { sentence } from '../base/format.ts';
import { dismissProblem, useRun } from '../store/run.ts';
import type { Problem } from '../worker/protocol.ts';

const titles: Record<Problem['kind'], string> = {
  config: 'The configuration does not fit',
  start: 'The weights to start from do not fit',
  data: 'The text or file cannot be used',
  device: 'The graphics device failed',
  memory: 'Out of memory',
  kernel: 'A kernel failed',
  storage: 'Storing failed',
  notice: 'For your information',
  internal: 'Something went wrong',
};

export function Problems() {
  const problems = useRun((run) => run.problems);
  const addressProblems = useRun((run) => run.addressProblems);
  if (problems.length === 0 && addressProblems.length === 0) return null;
  return (
    <Stack gap="xs" px="md" pt="md">
      {addressProblems.length > 0 && (
        <Alert
          variant="outline"
          bg="var(--mantine-color-body)"
          color="yellow"
          styles={{ title: { color: 'var(--mantine-color-text)' } }}
          title="The address could not be used as it is"
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={() => useRun.setState({ addressProblems: [] })}
        >
          {addressProblems.map((sentence) => (
            <div key={sentence}>{sentence}</div>
          ))}
        </Alert>
      )}
      {problems.map((problem) => (
        <Alert
          key={problem.message}
          variant="outline"
          bg="var(--mantine-color-body)"
          color={problem.kind === 'notice' ? 'blue' : 'red'}
          styles={{ title: { color: 'var(--mantine-color-text)' } }}
          title={titles[problem.kind]}
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={() => dismissProblem(problem)}
        >
          <div>{sentence(problem.message)}</div>
          <div>{problem.action}</div>
        </Alert>
      ))}
    </Stack>
  );
}
