/** Tokens per layer and expert as a heatmap or a table, with MaxVio per layer (SCIENCE 6). */
import { useState } from 'react';
import { three } from '../format.ts';
import { DataTable } from './DataTable.tsx';
import { Heatmap } from './Heatmap.tsx';
import { Help } from './Help.tsx';
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
}

export function ExpertLoad({ note, layers, experts, load, maxVio }: ExpertLoadProps) {
  const [asTable, setAsTable] = useState(false);
  const mean = load.length > 0 ? load.reduce((sum, value) => sum + value, 0) / load.length : 0;
  // The mean sits in the middle of the scale, so that balance looks alike in every run; collapse stretches it.
  const top = Math.max(2 * mean, ...load) || 1;
  const rowLabels = layers.map((layer) => `Layer ${layer}`);
  const violations = layers.map((_, row) => three(maxVio[row]));
  return (
    <Panel
      title="Expert load"
      note={note}
      actions={
        <div style={{ display: 'flex', alignItems: 'center', gap: 4 }}>
          <TableSwitch of="Expert load" on={asTable} onChange={setAsTable} />
          <Help
            topic="Expert load"
            text="Tokens that each expert worked on. MaxVio is (largest - mean) / mean: 0 is perfect balance; with K of E experts per token, collapse onto K experts gives E/K - 1."
          />
        </div>
      }
    >
      <div data-testid="expert-load">
        {asTable ? (
          <DataTable
            caption="Tokens per expert in each layer"
            columns={['Layer', ...Array.from({ length: experts }, (_, expert) => `E${expert}`), 'MaxVio']}
            rows={layers.map((layer, row) => [
              String(layer),
              ...Array.from(load.subarray(row * experts, (row + 1) * experts), three),
              violations[row],
            ])}
          />
        ) : (
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
        )}
      </div>
    </Panel>
  );
}
