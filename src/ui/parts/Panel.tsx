/** A titled region of a view, with room for a note and controls on the right. What fails inside stays inside. */
import { type ReactNode, useId } from 'react';
import { Contained } from './Contained.tsx';

interface PanelProps {
  title: string;
  /** One dimmed line beside the title. */
  note?: ReactNode;
  /** Controls at the right of the head. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Panel({ title, note, actions, children }: PanelProps) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <div>
          <h2 className="panel-title" id={id}>
            {title}
          </h2>
          {note && <div className="panel-note">{note}</div>}
        </div>
        {actions}
      </div>
      <Contained what={title}>{children}</Contained>
    </section>
  );
}
