/**
 * A sequence of tokens as cells that wrap like text. `interactive` cells can be walked with the arrow keys and tell
 * which one is hovered or focused; others are one picture with a label.
 */
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { type CSSProperties, type KeyboardEvent, memo, type SyntheticEvent, useRef } from 'react';
import { TokenText } from './TokenText.tsx';

export interface Cell {
  text: string;
  /** Said by screen readers. */
  label: string;
  masked?: boolean;
  given?: boolean;
  fresh?: boolean;
  edited?: boolean;
  /** Masked after it was written. */
  hiddenAgain?: boolean;
  /** Left alone by whom it asked for, or by all. */
  lost?: boolean;
  /** A CSS image along the lower edge. */
  bars?: string;
  /** Stands out: what is chosen elsewhere is about it. */
  lit?: boolean;
  background?: string;
  ink?: string;
  /** A line under the token, e.g. the expert's number; makes all cells two rows high. */
  foot?: string;
}

interface CellsProps {
  label: string;
  cells: readonly Cell[];
  /** Font size in pixels. */
  size?: number;
  /** Tokens are pieces of words: cells wrap like text from the first, and a mask is as wide as most tokens. */
  subwords?: boolean;
  interactive?: boolean;
  /** Pointing at a cell selects it; else it takes a click, a tap or the keyboard. */
  selectsByPointing?: boolean;
  selected?: number | null;
  onSelect?: (position: number) => void;
}

export function Cells(props: CellsProps) {
  const { label, cells, size = 17, subwords = false, interactive = false, selected = null, onSelect } = props;
  const { selectsByPointing = true } = props;
  const root = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const attach = useMergedRef(root, ref);
  const style = { '--cell-font': `${size}px`, ...rowsOf(cells, size, width, subwords) } as CSSProperties;
  if (!interactive) {
    return (
      <div
        ref={attach}
        className="cells"
        role="img"
        aria-label={label}
        style={style}
        data-subwords={subwords || undefined}
      >
        {cells.map((cell, position) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position in the sequence.
          <TokenCell key={position} {...cell} />
        ))}
      </div>
    );
  }
  const take = (event: SyntheticEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-position]');
    if (cell) onSelect?.(Number(cell.dataset.position));
  };
  const walk = (event: KeyboardEvent) => {
    const current = selected ?? 0;
    const next = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: cells.length - 1 }[event.key];
    if (next === undefined || next < 0 || next >= cells.length) return;
    event.preventDefault();
    root.current?.querySelector<HTMLElement>(`[data-position="${next}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would announce a form.
    <div
      ref={attach}
      className="cells"
      role="group"
      aria-label={label}
      style={style}
      data-subwords={subwords || undefined}
      onKeyDown={walk}
      onFocus={take}
      // A click focuses no button in Safari.
      onClick={take}
      onMouseOver={selectsByPointing ? take : undefined}
    >
      {cells.map((cell, position) => (
        <TokenCell
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position in the sequence.
          key={position}
          {...cell}
          position={position}
          selected={selected === position}
          tabStop={position === (selected ?? 0)}
        />
      ))}
    </div>
  );
}

/** Columns of equal width in rows of equal length, where every token is a character or two; longer tokens just wrap. */
function rowsOf(cells: readonly Cell[], size: number, width: number, subwords: boolean): CSSProperties {
  if (subwords || width === 0 || cells.length === 0 || cells.some((cell) => cell.text.length > 2)) return {};
  const narrowest = size * (cells[0].foot === undefined ? 1.4 : 1.75) + 2;
  const most = Math.max(1, Math.floor(width / narrowest));
  const columns = Math.ceil(cells.length / Math.ceil(cells.length / most));
  return { display: 'grid', gridTemplateColumns: `repeat(${columns}, minmax(0, ${size * 2.6}px))` };
}

interface TokenCellProps extends Cell {
  /** Makes the cell a button. */
  position?: number;
  selected?: boolean;
  tabStop?: boolean;
}

/** One token, as a button where it has a position. */
export const TokenCell = memo(function TokenCell(props: TokenCellProps) {
  const { text, label, masked, given, fresh, edited, hiddenAgain, lit, lost, bars } = props;
  const { background, ink, foot, position, selected, tabStop } = props;
  const shared = {
    className: 'cell',
    style: background ? { background, color: ink } : undefined,
    'data-masked': masked || undefined,
    'data-given': given || undefined,
    'data-fresh': fresh || undefined,
    'data-edited': edited || undefined,
    'data-again': hiddenAgain || undefined,
    'data-lost': lost || undefined,
    'data-lit': lit || undefined,
    'data-selected': selected || undefined,
    'data-foot': foot,
  };
  const content =
    masked && foot !== undefined ? <span className="mask-block" /> : <TokenText text={masked ? '' : text} />;
  if (position === undefined) return <span {...shared}>{content}</span>;
  const strip = bars && <span className="cell-bars" style={{ backgroundImage: bars }} />;
  return (
    <button type="button" {...shared} data-position={position} aria-label={label} tabIndex={tabStop ? 0 : -1}>
      {content}
      {strip}
    </button>
  );
});
