/**
 * A part of the page that is loaded when it is first asked for. Where that fails (the server was stopped, has a newer
 * build, or there is no network) only this part says so, and offers to try again. Not here: parts that fail when drawn
 * (`Contained.tsx`).
 */
import { Alert, Button, Group, Text } from '@mantine/core';
import { type ComponentType, useEffect, useState } from 'react';

interface LatePartProps {
  /** In sentences: "Compare". */
  name: string;
  /** Loads it. Always the same function. */
  load(): Promise<ComponentType>;
}

type Loaded = { state: 'loading' } | { state: 'failed' } | { state: 'ready'; View: ComponentType };

export function LatePart({ name, load }: LatePartProps) {
  const [attempt, setAttempt] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt loads again.
  useEffect(() => {
    let isCurrent = true;
    const take = (next: Loaded) => isCurrent && setLoaded(next);
    load().then(
      (View) => take({ state: 'ready', View }),
      (error) => {
        console.warn(error);
        take({ state: 'failed' });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [load, attempt]);
  const retry = () => {
    setLoaded({ state: 'loading' });
    setAttempt(attempt + 1);
  };
  switch (loaded.state) {
    case 'loading':
      return (
        <Text size="sm" c="dimmed" p="md" role="status">
          Loading {name}…
        </Text>
      );
    case 'failed':
      return (
        <Alert m="md" variant="outline" color="red" bg="var(--mantine-color-body)" data-testid="part-failed">
          <Text size="sm">
            {name} could not be loaded: the server does not answer, or serves a newer page. A run in progress goes on;
            if it does not help to try again, reload the page, which offers to continue the run.
          </Text>
          <Group mt="xs">
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          </Group>
        </Alert>
      );
    case 'ready':
      return <loaded.View />;
    default:
      return loaded satisfies never;
  }
}
