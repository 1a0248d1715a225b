/** The other tabs of this page: told when what is kept or who works on what has changed, so that no offer goes stale. */

export interface Tabs {
  /** Tells the other tabs. */
  tell(): void;
}

/** `onChange` hears of the other tabs. Browsers without channels have tabs that learn of each other when they ask. */
export function otherTabs(onChange: () => void): Tabs {
  if (typeof BroadcastChannel === 'undefined') return { tell: () => {} };
  const channel = new BroadcastChannel('sdlm-playground');
  channel.onmessage = onChange;
  return { tell: () => channel.postMessage('changed') };
}
