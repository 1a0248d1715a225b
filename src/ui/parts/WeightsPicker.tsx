/** Which weights to look into: the bundled model's, or those of the run. */
import { SegmentedControl } from '@mantine/core';
import { pickWeights, shownWeights, useRun } from '../../store/run.ts';
import type { Weights } from '../../worker/protocol.ts';

export function WeightsPicker() {
  const shown = useRun(shownWeights);
  const hasRun = useRun((run) => run.model !== null);
  return (
    <SegmentedControl
      aria-label="Weights"
      size="xs"
      fullWidth
      value={shown}
      onChange={(weights) => pickWeights(weights as Weights)}
      data={[
        { value: 'pretrained', label: 'Bundled model' },
        { value: 'run', label: 'Your run', disabled: !hasRun },
      ]}
    />
  );
}
