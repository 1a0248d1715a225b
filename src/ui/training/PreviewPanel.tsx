/** A text being denoised with the current weights (before a run: with the bundled model's). */
import { Group, Progress, Text } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { whole } from '../../base/format.ts';
import { live } from '../../store/live.ts';
import { modelOf, useRun } from '../../store/run.ts';
import { useLive } from '../live.ts';
import { Cells } from '../parts/Cells.tsx';
import { cellsOf, hasSubwords, textOf } from '../parts/denoising.ts';
import { Panel } from '../parts/Panel.tsx';

export function PreviewPanel({ large = false }: { large?: boolean }) {
  useLive();
  const still = useReducedMotion();
  const run = useRun();
  const preview = still ? live.finishedPreview : live.preview;
  const model = preview && modelOf(run, preview.model);
  if (!preview || !model) {
    return (
      <Panel title="Denoising">
        <Text size="sm" c="dimmed" mih={132}>
          {run.machine ? 'Waiting for the first text…' : 'The bundled model is being loaded…'}
        </Text>
      </Panel>
    );
  }
  const { frame, model: ref, trainedSteps } = preview;
  const text = textOf(frame, model);
  const tokenName = model.experiment.data.tokenizer === 'character' ? 'characters' : 'tokens';
  const isAutoregressive = model.experiment.objective.kind === 'autoregressive';
  const whose =
    ref === 'bundled'
      ? `A small bundled model ${isAutoregressive ? 'writes' : 'uncovers'} ${frame.tokens.length} ${tokenName} in ${frame.calls} network calls`
      : `Your model after ${whole(trainedSteps)} steps`;
  return (
    <Panel title={isAutoregressive ? 'Writing' : 'Denoising'} note={whose}>
      <div data-testid="preview" data-model={ref} data-call={frame.call} data-calls={frame.calls} data-text={text}>
        <Cells
          label={`Text after call ${frame.call} of ${frame.calls}: ${text}`}
          cells={cellsOf(frame, model, 'confidence')}
          size={sizeFor(frame.tokens.length) + (large ? 6 : 0)}
          subwords={hasSubwords(model)}
        />
      </div>
      <Group mt="sm" gap="sm" wrap="nowrap">
        <Progress
          style={{ flex: 1 }}
          value={(100 * frame.call) / frame.calls}
          size={4}
          transitionDuration={0}
          color="var(--accent)"
          aria-label="Network calls made"
        />
        <Text size="xs" c="dimmed" className="tabular">
          network call {frame.call} of {frame.calls}
        </Text>
      </Group>
    </Panel>
  );
}

/** Longer windows are set smaller, so that a panel holds them. */
function sizeFor(length: number): number {
  if (length <= 96) return 18;
  return length <= 256 ? 14 : 11;
}
