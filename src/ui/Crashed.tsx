/** What is shown when the page itself fails: what happened, and what to do. Stands alone, without the page's theme. */

export function Crashed({ error }: { error: unknown }) {
  return (
    <main style={{ maxWidth: 560, margin: '15vh auto', padding: 24, fontFamily: 'system-ui, sans-serif' }}>
      <h1 style={{ fontSize: 20 }}>The page stopped working</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>Reload it to go on: the address keeps your configuration. A run in progress is lost.</p>
      <button type="button" onClick={() => window.location.reload()}>
        Reload
      </button>
    </main>
  );
}
