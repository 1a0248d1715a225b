/**
 * What happens when the page is about to go: hidden, closed, reloaded, or kept whole by the browser for the way back. The
 * browser grants little time for it.
 */
import { comeBack, leave, save } from './session.ts';

/** Call once. */
export function saveOnLeaving(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void save();
  });
  window.addEventListener('pagehide', () => void leave());
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) void comeBack();
  });
}
