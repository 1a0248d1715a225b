/** The page's entry: starts the engine's worker, connects the store to it, reads the address, renders. */
import '@mantine/core/styles.css';
import './ui/page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followAddress } from './store/address.ts';
import { createEngine, startWorker } from './store/engine.ts';
import { connect, open } from './store/session.ts';
import { App } from './ui/App.tsx';

connect(createEngine(startWorker()));
followAddress();
void open(document.baseURI);

const root = document.getElementById('root');
if (!root) throw new Error('index.html: expected an element with id "root", got none');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
