/** What the colour of a token cell means. */
import { viridis } from '../colours.ts';
import { type CellColour, confidenceTint } from './denoising.ts';

const shares = [0, 0.25, 0.5, 0.75, 1];

export function ColourKey({ colour }: { colour: CellColour }) {
  const stops = shares.map((share) => (colour === 'call' ? viridis(share) : confidenceTint(share)));
  const [from, to] = colour === 'call' ? ['first call', 'last'] : ['unsure (0)', 'sure (1)'];
  return (
    <span className="panel-note" style={{ display: 'inline-flex', alignItems: 'center', gap: 6, flexWrap: 'wrap' }}>
      {from}
      <span
        aria-hidden="true"
        style={{
          width: 84,
          height: 10,
          borderRadius: 3,
          background: `linear-gradient(90deg, ${stops.join(', ')})`,
          border: '1px solid var(--page-line)',
        }}
      />
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
