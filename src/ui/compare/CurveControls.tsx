/** The x axis, logarithms, smoothing, and whether the seeds of an arm are drawn as one. */
import { Group, NativeSelect, Switch } from '@mantine/core';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { show, useComparison } from '../../store/compare/comparison.ts';

const smoothings = [
  { value: '0', label: 'Raw' },
  { value: '0.02', label: 'Smooth' },
  { value: '0.1', label: 'Smoother' },
];

/** @param names x axes that the chosen runs can be drawn over */
export function CurveControls({ names }: { names: readonly XAxisName[] }) {
  const { axis, logX, logY, byArm, reach } = useComparison();
  return (
    <Group gap="sm">
      <NativeSelect
        size="xs"
        aria-label="X axis"
        data={names.map((name) => ({ value: name, label: `By ${xAxes[name].label}` }))}
        value={axis}
        onChange={(event) => show({ axis: event.currentTarget.value as XAxisName })}
      />
      <NativeSelect
        size="xs"
        aria-label="Smoothing of the training loss"
        data={smoothings}
        value={String(reach)}
        onChange={(event) => show({ reach: Number(event.currentTarget.value) })}
      />
      <Switch
        size="xs"
        label="Mean over seeds"
        checked={byArm}
        onChange={(event) => show({ byArm: event.currentTarget.checked })}
      />
      <Switch
        size="xs"
        label="Log x"
        checked={logX}
        onChange={(event) => show({ logX: event.currentTarget.checked })}
      />
      <Switch
        size="xs"
        label="Log y"
        checked={logY}
        onChange={(event) => show({ logY: event.currentTarget.checked })}
      />
    </Group>
  );
}
