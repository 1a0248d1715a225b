/**
 * A recorded step as data: storages, and launches of kernels on ranges of them, in order.
 * Knows no tensors (see `src/tensor`) and no device (see `gpuRuntime.ts`, `twinRuntime.ts`).
 */
import { KernelError } from '../base/errors.ts';
import { interfaceOf, type Kernel, type Parameters } from './kernel.ts';

export type ElementType = 'f32' | 'u32';

/**
 * Memory that tensors live in. `transient` storages exist within one run of one plan and share buffers where
 * their lifetimes do not overlap; `persistent` ones keep their contents and may be used by several plans.
 */
export interface Storage {
  readonly label: string;
  readonly type: ElementType;
  readonly length: number;
  readonly lifetime: 'transient' | 'persistent';
  /** Contents of a persistent storage before anything is written; zero when absent. Such a constant is its plan's own. */
  readonly initial?: readonly number[];
}

/** `length` elements of a storage from `offset`; offsets are multiples of `rangeAlignment`. */
export interface Range {
  readonly storage: Storage;
  readonly offset: number;
  readonly length: number;
}

/** Elements: 256 bytes, the alignment of buffer bindings that every adapter supports. */
export const rangeAlignment = 64;

export function alignUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** One way to do a launch: a shader, the values of its tunables, and how many workgroups it takes. */
export interface Variant {
  readonly kernel: Kernel;
  readonly tunables: Parameters;
  readonly workgroups: readonly [number, number, number];
}

export interface Launch {
  readonly label: string;
  readonly bindings: Readonly<Record<string, Range>>;
  readonly parameters: Parameters;
  /** At least one; where there are several, the adapter's fastest is found by timing. All have one twin. */
  readonly variants: readonly Variant[];
  /** Floating point operations, for profiles and rooflines. */
  readonly flops: number;
  /** One large matrix product, in which the twins are many times as fast as in plain loops. */
  readonly isProduct: boolean;
  /** How to fill a binding while variants are timed, where zeros would make a kernel return early. */
  readonly tuningData?: Readonly<Record<string, (index: number) => number>>;
}

export interface Recording {
  readonly launches: readonly Launch[];
}

/** Elements written and read by a launch, from what its shader declares. */
export function accessOf(launch: Launch): { name: string; range: Range; writes: boolean }[] {
  const { kernel } = launch.variants[0];
  return interfaceOf(kernel).bindings.map(({ name, access }) => {
    const range = launch.bindings[name];
    if (!range) throw new KernelError(`${kernel.name}: expected a tensor for binding ${name}, got none`);
    return { name, range, writes: access === 'read_write' };
  });
}

/** Bytes that a launch must at least move: every bound range once. */
export function bytesOf(launch: Launch): number {
  return accessOf(launch).reduce((sum, { range }) => sum + 4 * range.length, 0);
}

/** Workgroups for one invocation per index, wrapped into two dimensions past the limit of one. */
export function linearWorkgroups(invocations: number, workgroupSize = 64): [number, number, number] {
  const groups = Math.max(1, Math.ceil(invocations / workgroupSize));
  const x = Math.min(groups, 65535);
  return [x, Math.ceil(groups / x), 1];
}

/** Storages of a plan that nobody else reads: its constants, which go with it. */
export function constantsOf({ persistent }: MemoryPlan): Storage[] {
  return persistent.filter(({ initial }) => initial !== undefined);
}

export interface MemoryPlan {
  /** Length in elements of each shared buffer. */
  readonly slots: readonly number[];
  /** Slot of each transient storage. */
  readonly slotOf: ReadonlyMap<Storage, number>;
  readonly persistent: readonly Storage[];
  /** Bytes of all slots and persistent storages. */
  readonly bytes: number;
}

/**
 * Decides which transient storages share a buffer: two may when no launch lies in both lifetimes.
 * Largest first, each into the first slot that is free for its whole lifetime (interval packing).
 * Storages of `kept` ranges live until the end; with `keepAll` every storage has its own slot.
 */
export function planMemory(
  recording: Recording,
  { keepAll = false, kept = [] }: { keepAll?: boolean; kept?: readonly Range[] } = {},
): MemoryPlan {
  const lifetimes = new Map<Storage, { first: number; last: number }>();
  recording.launches.forEach((launch, index) => {
    for (const { range } of accessOf(launch)) {
      const lifetime = lifetimes.get(range.storage);
      if (lifetime) lifetime.last = index;
      else lifetimes.set(range.storage, { first: index, last: index });
    }
  });
  for (const { storage } of kept) {
    const lifetime = lifetimes.get(storage);
    if (lifetime) lifetime.last = recording.launches.length;
    else if (storage.lifetime === 'transient')
      throw new KernelError(`${storage.label}: expected a launch to write it, got none`);
  }
  const persistent = [...lifetimes.keys()].filter((storage) => storage.lifetime === 'persistent');
  const transient = [...lifetimes].filter(([storage]) => storage.lifetime === 'transient');
  transient.sort(([a], [b]) => b.length - a.length);
  const slots: { length: number; taken: { first: number; last: number }[] }[] = [];
  const slotOf = new Map<Storage, number>();
  for (const [storage, lifetime] of transient) {
    const isFree = (slot: (typeof slots)[number]) =>
      !keepAll && slot.taken.every(({ first, last }) => lifetime.last < first || last < lifetime.first);
    let index = slots.findIndex(isFree);
    if (index < 0) index = slots.push({ length: storage.length, taken: [] }) - 1;
    slots[index].taken.push(lifetime);
    slotOf.set(storage, index);
  }
  const lengths = slots.map(({ length }) => length);
  const elements = [...lengths, ...persistent.map(({ length }) => length)].reduce((sum, length) => sum + length, 0);
  return { slots: lengths, slotOf, persistent, bytes: 4 * elements };
}
