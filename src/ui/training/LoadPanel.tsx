/** The expert load of the last step (before a run: of the bundled model). */
import { Text } from '@mantine/core';
import { whole } from '../../base/format.ts';
import { live } from '../../store/live.ts';
import { currentRef, useRun } from '../../store/run.ts';
import { useLive } from '../live.ts';
import { ExpertLoad } from '../parts/ExpertLoad.tsx';
import { Panel } from '../parts/Panel.tsx';

export function LoadPanel() {
  useLive();
  const model = useRun((run) => run.model ?? run.bundled);
  const ref = useRun((run) => currentRef(run) ?? 'bundled');
  const { load } = live;
  if (!model) return null;
  if (model.expertLayers.length === 0) {
    return (
      <Panel title="Expert load">
        <Text size="sm" c="dimmed">
          This model is dense: every token passes through the same feed-forward network. Choose a preset with experts to
          see a router at work.
        </Text>
      </Panel>
    );
  }
  // The last model's load may still be on show for a moment after a restart with other sizes.
  if (
    !load ||
    load.model !== ref ||
    load.layers !== model.expertLayers.length ||
    load.experts !== model.experiment.model.experts
  )
    return null;
  return (
    <ExpertLoad
      note={
        ref !== 'bundled' ? `Tokens per expert at step ${whole(load.step)}` : 'Tokens per expert, the bundled model'
      }
      layers={model.expertLayers}
      experts={load.experts}
      load={load.load}
      maxVio={load.maxVio}
      dropRate={load.dropRate}
    />
  );
}
