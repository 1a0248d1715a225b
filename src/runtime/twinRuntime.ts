/**
 * Runs recorded steps on the CPU twins: the fallback without WebGPU, and in 64 bits the oracle of the tests.
 */
import { DeviceError, KernelError } from '../base/errors.ts';
import type { TwinBindings } from './kernel.ts';
import {
  accessOf,
  constantsOf,
  type Launch,
  planMemory,
  type Range,
  type Recording,
  type Storage,
} from './recording.ts';
import { type CompileOptions, type Data, expectFits, type LaunchTime, type Plan, type Runtime } from './runtime.ts';

/** A runtime on plain arrays. With `bits` 64 every `f32` storage is a Float64Array. */
export function createTwinRuntime({ bits = 32 }: { bits?: 32 | 64 } = {}): Runtime {
  const memory = new TwinMemory(bits);
  return {
    kind: 'cpu',
    memory: () => ({ bytes: memory.bytes, peakBytes: memory.peakBytes }),
    compile: async (recording, options = {}) => compile(memory, recording, options),
    write: (range, data) => {
      const array = memory.lasting(range);
      expectFits(range, data);
      array.set(data);
    },
    read: async (ranges) => ranges.map((range) => memory.lasting(range).slice()),
    release: (storages) => memory.release(storages),
    destroy: () => memory.clear(),
  };
}

const viewOf = (array: Data, { offset, length }: Range): Data => array.subarray(offset, offset + length);

/** The arrays of a runtime, and how many bytes they take. */
class TwinMemory {
  bytes = 0;
  peakBytes = 0;
  readonly #bits: 32 | 64;
  readonly #arrays = new Map<Storage, Data>();

  constructor(bits: 32 | 64) {
    this.#bits = bits;
  }

  /** The part of a persistent storage. Throws `KernelError` for a transient one. */
  lasting(range: Range): Data {
    const { lifetime, label } = range.storage;
    if (lifetime !== 'persistent')
      throw new KernelError(`${label}: expected a persistent storage, got a transient one`);
    return viewOf(this.persistent(range.storage), range);
  }

  persistent(storage: Storage): Data {
    const known = this.#arrays.get(storage);
    if (known) return known;
    const { type, length, initial } = storage;
    const array = withRoom(length * this.#widthOf(type), () =>
      this.#over(type, new ArrayBuffer(length * this.#widthOf(type)), length),
    );
    this.#account(array.byteLength);
    if (initial) array.set(initial);
    this.#arrays.set(storage, array);
    return array;
  }

  /** Raw memory for transient storages of up to `length` elements, of either type. */
  slot(length: number): ArrayBuffer {
    const bytes = (length * this.#bits) / 8;
    const slot = withRoom(bytes, () => new ArrayBuffer(bytes));
    this.#account(bytes);
    return slot;
  }

  inSlot({ type, length }: Storage, slot: ArrayBuffer): Data {
    return this.#over(type, slot, length);
  }

  freeSlots(slots: readonly ArrayBuffer[]): void {
    for (const slot of slots) this.#account(-slot.byteLength);
  }

  release(storages: readonly Storage[]): void {
    for (const storage of storages) {
      this.#account(-(this.#arrays.get(storage)?.byteLength ?? 0));
      this.#arrays.delete(storage);
    }
  }

  clear(): void {
    this.#arrays.clear();
    this.bytes = 0;
  }

  #account(change: number): void {
    this.bytes += change;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
  }

  #widthOf(type: Storage['type']): number {
    return type === 'u32' ? 4 : this.#bits / 8;
  }

  #over(type: Storage['type'], buffer: ArrayBuffer, length: number): Data {
    if (type === 'u32') return new Uint32Array(buffer, 0, length);
    return this.#bits === 64 ? new Float64Array(buffer, 0, length) : new Float32Array(buffer, 0, length);
  }
}

function compile(memory: TwinMemory, recording: Recording, { keepAll, report: reported = [] }: CompileOptions): Plan {
  const plan = planMemory(recording, { keepAll, kept: reported });
  // A slot may hold floats in one launch and words in another.
  const slots = plan.slots.map((length) => memory.slot(length));
  const arrayOf = (storage: Storage): Data =>
    storage.lifetime === 'persistent'
      ? memory.persistent(storage)
      : memory.inSlot(storage, slots[plan.slotOf.get(storage)!]);
  const steps = recording.launches.map((launch) => {
    const bindings: TwinBindings = Object.fromEntries(
      accessOf(launch).map(({ name, range }) => [name, viewOf(arrayOf(range.storage), range)]),
    );
    const { kernel, tunables } = launch.variants[0];
    const parameters = { ...tunables, ...launch.parameters };
    return () => kernel.twin(bindings, parameters);
  });
  const report = reported.map((range) => viewOf(arrayOf(range.storage), range));
  return {
    memoryBytes: plan.bytes,
    submits: 0,
    launches: recording.launches,
    run: async () => {
      for (const step of steps) step();
      return report.map((array) => array.slice());
    },
    read: async (range) => viewOf(arrayOf(range.storage), range).slice(),
    profile: async (repeats) => recording.launches.map((launch, index) => time(launch, steps[index], repeats)),
    destroy: () => {
      memory.freeSlots(slots.splice(0));
      steps.length = 0; // They hold the memory too.
      memory.release(constantsOf(plan));
    },
  };
}

/** What `allocate` makes. Throws `DeviceError` where there is no room, which every engine words in its own way. */
function withRoom<T>(bytes: number, allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const megabytes = Math.ceil(bytes / 2 ** 20);
    throw new DeviceError(`CPU memory: expected ${megabytes} MiB to be free, got "${error.message}"`, 'memory');
  }
}

function time(launch: Launch, step: () => void, repeats: number): LaunchTime {
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    step();
    milliseconds = Math.min(milliseconds, performance.now() - start);
  }
  return { launch, variant: 'twin', milliseconds };
}
