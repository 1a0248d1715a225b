/** Keeps the address bar and the page in step: the configuration in the query, the view in the hash. */
import { create } from 'zustand';
import { named } from '../base/errors.ts';
import { adoptAddress, useConfiguration } from './configuration.ts';
import { adoptDecoder, decoderForAddress, useDecode } from './decode.ts';
import { readDecodeQuery, writeDecodeQuery } from './decodeQuery.ts';
import { useRun } from './run.ts';
import { readQuery, readView, type View, views, writeQuery } from './url.ts';

export const useView = create<{ view: View }>(() => ({ view: 'train' }));

/** Reads the address once, then writes every change of the configuration to it and follows its hash. */
export function followAddress(): void {
  const address = readQuery(window.location.search);
  const asked = readDecodeQuery(window.location.search);
  adoptAddress(address);
  adoptDecoder(asked);
  useRun.setState({ addressProblems: [...address.problems, ...asked.problems] });
  const takeView = () => {
    const { hash } = window.location;
    const view = readView(hash);
    useView.setState({ view: view ?? 'train' });
    if (view || hash === '') return;
    const problem = `view: expected ${views.map((name) => `#/${name}`).join(', ')}, got ${named(hash)}. Train is shown.`;
    useRun.setState(({ addressProblems }) => ({ addressProblems: [...addressProblems, problem] }));
  };
  takeView();
  window.addEventListener('hashchange', takeView);
  useConfiguration.subscribe((now, before) => {
    if (now.experiment === before.experiment && now.presetId === before.presetId) return;
    window.history.replaceState(null, '', currentLink());
  });
  useDecode.subscribe((now, before) => {
    if (now.settings === before.settings) return;
    window.history.replaceState(null, '', currentLink());
  });
}

/** Shows a view. */
export function goTo(view: View): void {
  window.location.hash = `#/${view}`;
}

/** The link to the configuration and view on show. A person's own text is not part of it. */
export function currentLink(): string {
  const { presetId, experiment } = useConfiguration.getState();
  const link = new URL(window.location.href);
  const decoder = decoderForAddress();
  const parameters = new URLSearchParams(writeQuery(presetId, experiment));
  if (decoder)
    for (const [path, value] of writeDecodeQuery(decoder.decoder, decoder.changes)) parameters.set(path, value);
  link.search = `?${parameters}`;
  link.hash = `#/${useView.getState().view}`;
  return link.href;
}
