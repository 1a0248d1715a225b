/** The atlas: built by one button or opened from a file; a heatmap of layers and experts by the measure that a person picks. */
import { Button, FileButton, Group, Select, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { measuredWords } from '../../base/format.ts';
import type { Atlas, AtlasMeasure } from '../../config/atlas.ts';
import { atlasWindows, buildAtlas, openAtlas, openingMeasure, showMeasure, useAtlas } from '../../store/atlas.ts';
import { useMeasuring } from '../../store/measuring.ts';
import { selectExpert, useRouting } from '../../store/routing.ts';
import { shownModel, useRun } from '../../store/run.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { AtlasGrid } from './AtlasGrid.tsx';
import { atlasCsv, atlasNotes, originOf, useShownAtlas } from './atlasWords.ts';
import { MeasuringProgress } from './MeasuringProgress.tsx';
import { measureWords } from './measures.ts';

export function AtlasPanel() {
  const atlas = useShownAtlas();
  const { measure: name, of } = useAtlas();
  const [asTable, setAsTable] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const measure = atlas && (atlas.measures.find((each) => each.name === name) ?? openingMeasure(atlas));
  return (
    <Panel
      title="Atlas"
      note={
        atlas ? originOf(atlas, of !== null) : 'What every expert takes, measured over text that the model has not seen'
      }
      actions={
        <Group gap={4}>
          {atlas && measure && (
            <>
              <ExportMenu
                of="Atlas"
                file="atlas"
                picture={() => ({ title: measureWords(measure).label, note: measureWords(measure).about, key: [] })}
                chart={holder}
                hasPicture={!asTable}
                csv={() => atlasCsv(atlas)}
                json={() => JSON.stringify(atlas)}
              />
              <TableSwitch of="Atlas" on={asTable} onChange={setAsTable} />
            </>
          )}
          <AtlasButtons isFirst={atlas === null} />
        </Group>
      }
    >
      <MeasuringProgress task="atlas" />
      {atlas && measure ? (
        <div ref={holder} data-testid="atlas">
          <MeasurePicker atlas={atlas} measure={measure} />
          {asTable ? <MeasureTable atlas={atlas} measure={measure} /> : <Cells atlas={atlas} measure={measure} />}
          {atlasNotes(atlas).map((note) => (
            <Text key={note} size="sm" c="dimmed" mt={4}>
              {note}
            </Text>
          ))}
        </div>
      ) : (
        <EmptyAtlas />
      )}
    </Panel>
  );
}

function AtlasButtons({ isFirst }: { isFirst: boolean }) {
  const isBuilding = useMeasuring(({ now }) => now?.task === 'atlas');
  const isDense = useRun((run) => shownModel(run)?.expertLayers.length === 0);
  const hasModel = useRun((run) => shownModel(run) !== null);
  return (
    <>
      <FileButton
        accept=".json,application/json"
        onChange={(file) => file && void openAtlas(file)}
        inputProps={{ 'aria-label': 'File of an atlas' }}
      >
        {(props) => (
          <Button {...props} size="compact-sm" variant="subtle">
            Open an atlas
          </Button>
        )}
      </FileButton>
      <Button
        size="compact-sm"
        variant={isFirst ? 'filled' : 'default'}
        disabled={!hasModel || isDense || isBuilding}
        onClick={() => void buildAtlas()}
      >
        Build the atlas
      </Button>
    </>
  );
}

function EmptyAtlas() {
  const isDense = useRun((run) => shownModel(run)?.expertLayers.length === 0);
  return (
    <Text size="sm" c="dimmed">
      {isDense
        ? 'This model is dense: every token takes the same way, so it has no experts to map. An atlas of another model can be opened from its file.'
        : `One button reads ${atlasWindows} windows of unseen text, with few to nearly all tokens hidden, and counts which expert takes what. It takes some seconds; training goes on meanwhile.`}
    </Text>
  );
}

function MeasurePicker({ atlas, measure }: { atlas: Atlas; measure: AtlasMeasure }) {
  return (
    <Group gap="sm" mb="sm" align="center">
      <Select
        size="xs"
        w={210}
        aria-label="Measure"
        allowDeselect={false}
        value={measure.name}
        data={atlas.measures.map((each) => ({ value: each.name, label: measureWords(each).label }))}
        onChange={(next) => next !== null && showMeasure(next)}
      />
      <Text size="sm" style={{ flex: '1 1 260px' }}>
        {measureWords(measure).about}
      </Text>
    </Group>
  );
}

function Cells({ atlas, measure }: { atlas: Atlas; measure: AtlasMeasure }) {
  const { layer, expert } = useRouting();
  return <AtlasGrid atlas={atlas} measure={measure} layer={layer} expert={expert} onSelect={selectExpert} />;
}

function MeasureTable({ atlas, measure }: { atlas: Atlas; measure: AtlasMeasure }) {
  const { layers, experts } = atlas;
  return (
    <DataTable
      caption={`${measureWords(measure).label} by layer and expert, ± standard error over windows`}
      columns={['Layer', 'Expert', measureWords(measure).label]}
      rows={measure.value.map((value, at) => [
        String(layers[Math.floor(at / experts)]),
        String(at % experts),
        measuredWords(value, measure.standardError[at]),
      ])}
    />
  );
}
