/** The token strip: every token in the colour and with the number of its expert, one layer at a time. */
import { Group, SegmentedControl, Select, Text } from '@mantine/core';
import { useState } from 'react';
import { spoken } from '../../base/format.ts';
import { showLayer, useRouting } from '../../store/routing.ts';
import type { ModelReport, RouteReport } from '../../worker/protocol.ts';
import { Cells } from '../parts/Cells.tsx';
import { hasSubwords, tokenText } from '../parts/denoising.ts';
import { Help } from '../parts/Help.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ExpertKey } from './ExpertKey.tsx';
import { Holders } from './Holders.tsx';
import { expertsPerToken, holdersOf, routeCells } from './routes.ts';

interface TokenRoutesProps {
  report: RouteReport;
  model: ModelReport;
}

export function TokenRoutes({ report, model }: TokenRoutesProps) {
  const { expert, ...state } = useRouting();
  // An atlas from a file may have more layers.
  const layer = Math.min(state.layer, report.layers.length - 1);
  const [selected, setSelected] = useState<number | null>(null);
  const position = selected !== null && selected < report.tokens.length ? selected : null;
  return (
    <Panel
      title="Tokens by expert"
      note="Under each token: the expert with the largest gate, how many more hold it, and a bar for each, as wide as its gate. Dashed: nobody took it, or an expert that it asked for was full"
      actions={
        <Group gap={4}>
          <LayerPicker layers={report.layers} layer={layer} />
          <Help
            topic="Tokens by expert"
            text="When experts choose tokens, a token may be held by none or by many: that is adaptive computation. When tokens choose, each has exactly K."
          />
        </Group>
      }
    >
      <div data-testid="token-routes">
        <Cells
          label="Tokens by expert; arrow keys move from token to token"
          cells={routeCells(report, model, layer, expert)}
          size={report.tokens.length <= 128 ? 18 : 13}
          subwords={hasSubwords(model)}
          interactive
          selected={position}
          onSelect={setSelected}
        />
      </div>
      <div style={{ minHeight: 46, marginTop: 12 }} data-testid="route-readout">
        {position === null ? (
          <Text size="sm" c="dimmed">
            Point at a token for its experts and gate weights.
          </Text>
        ) : (
          <Holders
            title={`Position ${position}, ${report.masked[position] ? 'hidden' : spoken(tokenText(model, report.tokens[position]))}`}
            holders={holdersOf(report, layer, position)}
          />
        )}
      </div>
      <Text size="sm" mb="xs" data-testid="experts-per-token">
        {expertsPerToken(report, layer)}
        {expert !== null && `. Lit: the tokens that expert ${expert} holds`}
      </Text>
      <ExpertKey experts={report.experts} />
    </Panel>
  );
}

function LayerPicker({ layers, layer }: { layers: readonly number[]; layer: number }) {
  const data = layers.map((index, row) => ({ value: String(row), label: `Layer ${index}` }));
  const shared = { 'aria-label': 'Layer', size: 'xs', value: String(layer), data } as const;
  return layers.length <= 4 ? (
    <SegmentedControl {...shared} onChange={(row) => showLayer(Number(row))} />
  ) : (
    <Select {...shared} w={110} allowDeselect={false} onChange={(row) => row !== null && showLayer(Number(row))} />
  );
}
