/** Saves the run when the page is about to go: hidden, closed or reloaded. The browser grants little time for it. */
import { save } from './session.ts';

/** Call once. */
export function saveOnLeaving(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void save();
  });
  window.addEventListener('pagehide', () => void save());
}
