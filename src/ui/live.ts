/** React's view of the live data: a component that calls `useLive` renders again with each commit of the store. */
import { useSyncExternalStore } from 'react';
import { liveVersion, subscribeLive } from '../store/live.ts';

/** Renders the caller at most 5 times per second while something changes; read the data itself from `store/live.ts`. */
export function useLive(): number {
  return useSyncExternalStore(subscribeLive, liveVersion);
}
