/** Routing: what to route above; which experts took which tokens below. */
import { Grid, Stack, Text } from '@mantine/core';
import { useEffect } from 'react';
import { refreshRoutes, useRouting } from '../../store/routing.ts';
import { currentRef, shownModel, shownRef, useRun } from '../../store/run.ts';
import { ExpertLoad } from '../parts/ExpertLoad.tsx';
import { Panel } from '../parts/Panel.tsx';
import { AtlasPanel } from './AtlasPanel.tsx';
import { ExpertCard } from './ExpertCard.tsx';
import { LayerLoad } from './LayerLoad.tsx';
import { RoutingControls } from './RoutingControls.tsx';
import { TakenAway } from './TakenAway.tsx';
import { TokenRoutes } from './TokenRoutes.tsx';

/** Milliseconds between two looks at a model that is training. */
const refreshInterval = 2000;

export function RoutingView() {
  const { report, model } = useRouting();
  const wanted = useRun(shownModel);
  const follows = useRun((run) => shownRef(run) === currentRef(run) && run.status?.phase === 'running');
  useEffect(() => {
    if (wanted) void refreshRoutes();
  }, [wanted]);
  useEffect(() => {
    if (!follows) return;
    const timer = setInterval(() => void refreshRoutes(), refreshInterval);
    return () => clearInterval(timer);
  }, [follows]);
  return (
    <Stack p="md" gap="md">
      <RoutingControls follows={follows} />
      <TakenAway />
      <AtlasPanel />
      <ExpertCard />
      {report && model ? (
        <>
          <TokenRoutes report={report} model={model} />
          <Grid gap="md">
            <Grid.Col span={{ base: 12, lg: 6 }}>
              <ExpertLoad
                note="Tokens that each expert holds in this window"
                layers={report.layers}
                experts={report.experts}
                load={report.load}
                maxVio={report.maxVio}
              />
            </Grid.Col>
            <Grid.Col span={{ base: 12, lg: 6 }}>
              <LayerLoad report={report} />
            </Grid.Col>
          </Grid>
        </>
      ) : (
        <Panel title="Routes">
          <Text size="sm" c="dimmed">
            {wanted && wanted.expertLayers.length === 0
              ? 'This model is dense, so there is nothing to route. Choose a preset with experts and train, or look into the bundled model.'
              : 'Waiting for the first routes…'}
          </Text>
        </Panel>
      )}
    </Stack>
  );
}
