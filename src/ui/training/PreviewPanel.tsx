/** A text being denoised with the current weights (before a run: with the bundled model's). */
import { Progress, Text } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { live } from '../../store/live.ts';
import { modelOf, useRun } from '../../store/run.ts';
import { whole } from '../format.ts';
import { useLive } from '../live.ts';
import { Cells } from '../parts/Cells.tsx';
import { cellsOf, textOf } from '../parts/denoising.ts';
import { Panel } from '../parts/Panel.tsx';

export function PreviewPanel() {
  useLive();
  const still = useReducedMotion();
  const run = useRun();
  const preview = still ? live.finishedPreview : live.preview;
  const model = preview && modelOf(run, preview.weights);
  if (!preview || !model) {
    return (
      <Panel title="Denoising">
        <Text size="sm" c="dimmed" mih={132}>
          The bundled model is being loaded…
        </Text>
      </Panel>
    );
  }
  const { frame, weights, trainedSteps } = preview;
  const text = textOf(frame, model);
  const whose =
    weights === 'pretrained'
      ? `The bundled model, trained for ${whole(trainedSteps)} steps`
      : `Your model after ${whole(trainedSteps)} steps`;
  return (
    <Panel
      title="Denoising"
      note={whose}
      actions={
        <Text size="xs" c="dimmed" className="tabular">
          network call {frame.call} of {frame.calls}
        </Text>
      }
    >
      <div
        data-testid="preview"
        data-weights={weights}
        data-call={frame.call}
        data-calls={frame.calls}
        data-text={text}
      >
        <Cells
          label={`Text after call ${frame.call} of ${frame.calls}: ${text}`}
          cells={cellsOf(frame, model, 'confidence')}
          size={sizeFor(frame.tokens.length)}
        />
      </div>
      <Progress
        value={(100 * frame.call) / frame.calls}
        size={3}
        mt="sm"
        transitionDuration={0}
        color="var(--accent)"
        aria-label="Network calls made"
      />
    </Panel>
  );
}

/** Longer windows are set smaller, so that a panel holds them. */
function sizeFor(length: number): number {
  if (length <= 96) return 18;
  return length <= 256 ? 14 : 11;
}
