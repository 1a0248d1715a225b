/** Keeps what is handed on the same object while it holds the same things, so that memoised views stay as they are. */
import { useEffect, useRef } from 'react';

/** The array of the last rendering, if this one has the same elements in the same order. */
export function useEqual<T>(items: readonly T[]): readonly T[] {
  const before = useRef(items);
  const { current } = before;
  const isEqual = current.length === items.length && items.every((item, i) => item === current[i]);
  const kept = isEqual ? current : items;
  useEffect(() => {
    before.current = kept;
  }, [kept]);
  return kept;
}
