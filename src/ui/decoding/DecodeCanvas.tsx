/** The sequence being denoised: one cell per position, a scrubber over the network calls, and the final text. */
import { Group, SegmentedControl } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { three } from '../../base/format.ts';
import { advance, useDecode } from '../../store/decode.ts';
import { Cells } from '../parts/Cells.tsx';
import { type CellColour, hasSubwords } from '../parts/denoising.ts';
import { Panel } from '../parts/Panel.tsx';
import { CanvasKey } from './CanvasKey.tsx';
import { canvasCells } from './canvasCells.ts';
import { FinalText } from './FinalText.tsx';
import { PositionPanel } from './PositionPanel.tsx';
import { Scrubber } from './Scrubber.tsx';
import { TraceMenu } from './TraceMenu.tsx';

export function DecodeCanvas() {
  const { frames, reasons, position, result, model, busy } = useDecode();
  const [colour, setColour] = useState<CellColour>('confidence');
  const [selected, setSelected] = useState<number | null>(null);
  usePlayback();
  const index = Math.min(position, frames.length - 1);
  const frame = frames[index];
  const cells = frame && model ? canvasCells({ frames, reasons, model }, index, colour) : [];
  const subwords = model !== null && hasSubwords(model);
  return (
    <Panel
      title={model?.experiment.objective.kind === 'autoregressive' ? 'Writing' : 'Denoising'}
      note={
        result
          ? `${counted(result.calls, 'network call')}, ${counted(three(result.tokensPerCall), 'token')} per call`
          : busy
            ? 'Decoding…'
            : 'Press Decode to start'
      }
      actions={
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Colour the cells by"
            value={colour}
            onChange={(value) => setColour(value as CellColour)}
            data={[
              { value: 'confidence', label: 'Confidence' },
              { value: 'call', label: 'Order' },
            ]}
          />
          <TraceMenu />
        </Group>
      }
    >
      <div data-testid="decode-canvas" data-call={frame?.call} style={{ minHeight: 120 }}>
        <Cells
          label="Tokens; arrow keys move from cell to cell"
          cells={cells}
          size={sizeFor(cells.length)}
          subwords={subwords}
          interactive
          selectsByPointing={false}
          selected={selected}
          onSelect={setSelected}
        />
      </div>
      <CanvasKey colour={colour} subwords={subwords} />
      <Scrubber />
      <PositionPanel position={selected !== null && selected < cells.length ? selected : null} />
      <FinalText />
    </Panel>
  );
}

/** Advances the frames while playing, the whole decode in about four seconds; without motion it jumps to the newest. */
function usePlayback(): void {
  const still = useReducedMotion();
  const playing = useDecode((state) => state.playing);
  const calls = useDecode((state) => state.frames[0]?.calls ?? 1);
  const count = useDecode((state) => state.frames.length);
  useEffect(() => {
    if (!playing || still) return;
    const timer = setInterval(advance, Math.min(400, Math.max(40, 4000 / calls)));
    return () => clearInterval(timer);
  }, [playing, still, calls]);
  useEffect(() => {
    if (playing && still && count > 0) useDecode.setState({ position: count - 1 });
  }, [playing, still, count]);
}

function sizeFor(length: number): number {
  if (length <= 128) return 21;
  return length <= 512 ? 16 : 12;
}

function counted(count: number | string, what: string): string {
  return `${count} ${what}${String(count) === '1' ? '' : 's'}`;
}
