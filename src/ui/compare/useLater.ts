/** Lets a view follow in a task of its own, so that two that change together do not hold the main thread together. */
import { startTransition, useEffect, useState } from 'react';

/** Milliseconds behind: longer than recharts waits for its own next frame. */
const delay = 100;

/** The value as it was when it last stood for a moment. It must not change more often than about twice per second. */
export function useLater<T>(value: T): T {
  const [shown, setShown] = useState({ value });
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setShown({ value })), delay);
    return () => clearTimeout(timer);
  }, [value]);
  return shown.value;
}
