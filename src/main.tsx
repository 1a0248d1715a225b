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

const place = document.getElementById('root');
if (!place) throw new Error('index.html: expected an element with id "root", got none');
showPage(place);

function showPage(within: Element): void {
  const root = createRoot(within, { onUncaughtError: (error) => showCrash(error, () => root.unmount()) });
  root.render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

/** React has taken the page away by now; the words go into a root of their own. The engine and the store are as they were. */
function showCrash(error: unknown, end: () => void): void {
  console.error(error);
  const words = document.body.appendChild(document.createElement('div'));
  const root = createRoot(words);
  const showAgain = () => {
    end();
    root.unmount();
    words.remove();
    showPage(document.body.appendChild(document.createElement('div')));
  };
  root.render(<Crashed error={error} onAgain={showAgain} />);
}
