/** Tokens per layer and expert as a heatmap or a table, with MaxVio per layer (SCIENCE 6). */

import { Text } from '@mantine/core';
import { useState } from 'react';
import { percent, three } from '../../base/format.ts';
import { countedWords } from '../../store/compare/leftOut.ts';
import { Contained } from './Contained.tsx';
import { DataTable } from './DataTable.tsx';
import { extentOf } from './extent.ts';
import { Heatmap } from './Heatmap.tsx';
import { Help } from './Help.tsx';
import { LeftOutNote } from './LeftOutNote.tsx';
import { Panel } from './Panel.tsx';
import { TableSwitch } from './TableSwitch.tsx';

interface ExpertLoadProps {
  note: string;
  /** Index of each row's layer in the model. */
  layers: readonly number[];
  experts: number;
  /** Tokens, layer-major. */
  load: Float32Array;
  maxVio: Float32Array;
  /** Share of routes dropped, per layer; empty where experts hold all that ask for them. */
  dropRate?: Float32Array;
}

const noDrops = new Float32Array(0);

export function ExpertLoad({ note, layers, experts, load, maxVio, dropRate = noDrops }: ExpertLoadProps) {
  const [asTable, setAsTable] = useState(false);
  const known = load.filter(Number.isFinite);
  const mean = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
  // The mean sits in the middle of the scale, so that balance looks alike in every run; collapse stretches it.
  const top = Math.max(2 * mean, extentOf(known)?.[1] ?? 0) || 1;
  const rowLabels = layers.map((layer) => `Layer ${layer}`);
  const violations = layers.map((_, row) => three(maxVio[row]));
  const drops = Array.from(dropRate, percent);
  return (
    <Panel
      title="Expert load"
      note={note}
      actions={
        <div style={{ display: 'flex', alignItems: 'center', gap: 4 }}>
          <TableSwitch of="Expert load" on={asTable} onChange={setAsTable} />
          <Help
            topic="Expert load"
            text="Tokens per expert: while training those that the router sends, before those past a capacity are dropped; in Routing those that are held. MaxVio is (largest - mean) / mean: 0 is perfect balance; with K of E experts per token, collapse onto K experts gives E/K - 1."
          />
        </div>
      }
    >
      {drops.length > 0 && (
        <Text size="sm" mb="xs" className="tabular">
          Dropped: {layers.map((layer, row) => `${drops[row]} in layer ${layer}`).join(', ')}
        </Text>
      )}
      <div data-testid="expert-load">
        {asTable ? (
          <DataTable
            caption="Tokens per expert in each layer"
            columns={[
              'Layer',
              ...Array.from({ length: experts }, (_, expert) => `E${expert}`),
              'MaxVio',
              ...(drops.length > 0 ? ['Dropped'] : []),
            ]}
            rows={layers.map((layer, row) => [
              String(layer),
              ...Array.from(load.subarray(row * experts, (row + 1) * experts), three),
              violations[row],
              ...drops.slice(row, row + 1),
            ])}
          />
        ) : (
          <Contained what="The picture" instead="Its table holds the same numbers; everything else goes on.">
            <Heatmap
              label={`Expert load: ${layers.map((layer, row) => `layer ${layer}, MaxVio ${violations[row]}`).join('; ')}`}
              values={load}
              rowLabels={rowLabels}
              columns={experts}
              columnName="expert"
              top={top}
              unit="tokens"
              rowNotes={violations}
              rowNoteTitle="MaxVio"
            />
            <LeftOutNote words={countedWords(load.length - known.length, 'value', 'not a finite number')} />
          </Contained>
        )}
      </div>
    </Panel>
  );
}
