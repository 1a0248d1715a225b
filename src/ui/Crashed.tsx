/**
 * What is shown when the page itself fails: what happened, and what to do. Stands alone, without the page's theme. The
 * engine works in a thread of its own and is not touched by it: a run in progress goes on.
 */

interface CrashedProps {
  error: unknown;
  /** Draws the page anew. */
  onAgain: () => void;
}

export function Crashed({ error, onAgain }: CrashedProps) {
  return (
    <main style={{ maxWidth: 560, margin: '15vh auto', padding: 24, fontFamily: 'system-ui, sans-serif' }}>
      <h1 style={{ fontSize: 20 }}>The page could not be drawn</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>
        A run in progress goes on. Show the page again; if that does not help, reload it: the address keeps your
        configuration, and the page offers to continue the run.
      </p>
      <button type="button" onClick={onAgain}>
        Show the page again
      </button>{' '}
      <button type="button" onClick={() => window.location.reload()}>
        Reload
      </button>
    </main>
  );
}
