/** What the colours and the marks of the canvas mean: those that this decode can have. */
import { useDecode } from '../../store/decode.ts';
import { viridis } from '../colours.ts';
import { type Cell, TokenCell } from '../parts/Cells.tsx';
import { type CellColour, confidenceTint } from '../parts/denoising.ts';
import { Gradient } from '../parts/Gradient.tsx';

export function CanvasKey({ colour, subwords }: { colour: CellColour; subwords: boolean }) {
  const revision = useDecode((state) => state.used.revision);
  const hasGiven = useDecode((state) => state.frames[0]?.committedAt.includes(0) ?? false);
  const [from, to] = colour === 'call' ? ['first call', 'last'] : ['unsure (0)', 'sure (1)'];
  return (
    <div className="canvas-key panel-note" data-testid="canvas-key">
      <span>
        {from}
        <Gradient colourOf={colour === 'call' ? viridis : confidenceTint} />
        {to}
      </span>
      <Entry words="hidden" cell={{ masked: true }} />
      {revision === 'remask' && <Entry words="hidden again" cell={{ masked: true, hiddenAgain: true }} />}
      <Entry words="this call" cell={{ text: 'a', fresh: true }} />
      {revision === 'edit' && <Entry words="edited" cell={{ text: 'a', edited: true }} />}
      {hasGiven && <Entry words="given" cell={{ text: 'a', given: true }} />}
      <Entry words="space" cell={{ text: ' ' }} />
      {subwords && <Entry words="begins with a space" cell={{ text: ' a' }} />}
    </div>
  );
}

/** A sample of a cell and its word. */
function Entry({ words, cell }: { words: string; cell: Partial<Cell> }) {
  return (
    <span>
      <span aria-hidden="true" style={{ display: 'inline-flex' }}>
        <TokenCell text="" label="" {...cell} />
      </span>
      {words}
    </span>
  );
}
