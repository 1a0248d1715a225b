/**
 * Keeps a failure of one part of the page to that part: one sentence and a way to try again take its place, and
 * everything around it goes on. The engine is not on this side of the page, so a run goes on as well. Not here: a part
 * that could not be loaded (`LatePart.tsx`), the page as a whole (`Crashed.tsx`).
 */
import { Button, Group, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';

interface ContainedProps {
  /** What it is, at the beginning of a sentence: "The chart". */
  what: string;
  /** Said after what happened: where the same is to be had. */
  instead?: string;
  children: ReactNode;
}

export class Contained extends Component<ContainedProps, { failure: string | null }> {
  override state = { failure: null };

  static getDerivedStateFromError(error: unknown): { failure: string } {
    return { failure: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { what, instead = 'Everything else goes on.', children } = this.props;
    const { failure } = this.state;
    if (failure === null) return children;
    return (
      <Group gap="sm" role="alert" data-testid="contained">
        <Text size="sm">
          {what} could not be drawn: {failure}. {instead}
        </Text>
        <Button size="xs" variant="default" onClick={() => this.setState({ failure: null })}>
          Try again
        </Button>
      </Group>
    );
  }
}
