/** What the colour of a token cell means. */
import { viridis } from '../colours.ts';
import { type CellColour, confidenceTint } from './denoising.ts';
import { Gradient } from './Gradient.tsx';

export function ColourKey({ colour }: { colour: CellColour }) {
  const [from, to] = colour === 'call' ? ['first call', 'last'] : ['unsure (0)', 'sure (1)'];
  return (
    <span className="panel-note" style={{ display: 'inline-flex', alignItems: 'center', gap: 6, flexWrap: 'wrap' }}>
      {from}
      <Gradient colourOf={colour === 'call' ? viridis : confidenceTint} />
      {to}
      <KeyEntry style={{ background: 'var(--cell-masked)' }}>masked</KeyEntry>
      <KeyEntry style={{ border: '1.5px solid var(--accent)' }}>this call</KeyEntry>
    </span>
  );
}

/** A swatch and its word, which stay on one line. */
function KeyEntry({ style, children }: { style: React.CSSProperties; children: string }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, marginLeft: 8, whiteSpace: 'nowrap' }}>
      <span className="swatch" style={style} aria-hidden="true" />
      {children}
    </span>
  );
}
