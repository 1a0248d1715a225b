/** The page's entry: starts the engine's worker, connects the store to it, reads the address, renders. */
import '@mantine/core/styles.css';
import './ui/page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followAddress } from './store/address.ts';
import { createEngine, startWorker } from './store/engine.ts';
import { saveOnLeaving } from './store/leaving.ts';
import { followQueue } from './store/queue.ts';
import { connect, open } from './store/session.ts';
import { App } from './ui/App.tsx';
import { Crashed } from './ui/Crashed.tsx';

connect(createEngine(startWorker()));
followAddress();
followQueue();
saveOnLeaving();
void open(document.baseURI);

const root = document.getElementById('root');
if (!root) throw new Error('index.html: expected an element with id "root", got none');
createRoot(root, { onUncaughtError: showCrash }).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

/** React has taken the page away by now; the words go into a root of their own. */
function showCrash(error: unknown): void {
  console.error(error);
  createRoot(document.body.appendChild(document.createElement('div'))).render(<Crashed error={error} />);
}
