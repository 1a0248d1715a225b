/** Under a chart: what it does not show, and why. */
export function LeftOutNote({ words }: { words: string }) {
  if (words === '') return null;
  return (
    <div className="panel-note" data-testid="left-out" style={{ marginTop: 4 }}>
      {words}
    </div>
  );
}
