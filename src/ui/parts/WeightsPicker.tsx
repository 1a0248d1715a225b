/** Which weights to look into: the bundled model's, or those of the run. */
import { SegmentedControl } from '@mantine/core';
import { useRun } from '../../store/run.ts';
import type { Weights } from '../../worker/protocol.ts';

interface WeightsPickerProps {
  value: Weights;
  onChange: (weights: Weights) => void;
}

export function WeightsPicker({ value, onChange }: WeightsPickerProps) {
  const hasRun = useRun((run) => run.model !== null);
  return (
    <SegmentedControl
      aria-label="Weights"
      size="xs"
      fullWidth
      value={value}
      onChange={(weights) => onChange(weights as Weights)}
      data={[
        { value: 'pretrained', label: 'Bundled model' },
        { value: 'run', label: 'Your run', disabled: !hasRun },
      ]}
    />
  );
}
