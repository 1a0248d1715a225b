/** A binary heap of plain numbers, the smallest first: priority and payload are packed into one number by the caller. */

export interface NumberHeap {
  push(entry: number): void;
  /** Takes the smallest entry; undefined when there is none. */
  pop(): number | undefined;
}

export function createNumberHeap(): NumberHeap {
  const entries: number[] = [];
  return {
    push: (entry) => {
      let at = entries.length;
      entries.push(entry);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (entries[parent] <= entry) break;
        entries[at] = entries[parent];
        at = parent;
      }
      entries[at] = entry;
    },
    pop: () => {
      const smallest = entries[0];
      const last = entries.pop();
      const { length } = entries;
      if (last === undefined || length === 0) return smallest;
      let at = 0;
      for (let child = 1; child < length; child = 2 * at + 1) {
        if (child + 1 < length && entries[child + 1] < entries[child]) child++;
        if (entries[child] >= last) break;
        entries[at] = entries[child];
        at = child;
      }
      entries[at] = last;
      return smallest;
    },
  };
}
