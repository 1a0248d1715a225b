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
  const memory = new Map<Storage, Data>();
  let bytes = 0;
  let peakBytes = 0;

  const account = (change: number) => {
    bytes += change;
    peakBytes = Math.max(peakBytes, bytes);
  };
  const allocate = (type: Storage['type'], length: number): Data => {
    const ArrayType = type === 'u32' ? Uint32Array : bits === 64 ? Float64Array : Float32Array;
    const array = withRoom(length * ArrayType.BYTES_PER_ELEMENT, () => new ArrayType(length));
    account(array.byteLength);
    return array;
  };
  const persistent = (storage: Storage): Data => {
    let array = memory.get(storage);
    if (!array) {
      array = allocate(storage.type, storage.length);
      if (storage.initial) array.set(storage.initial);
      memory.set(storage, array);
    }
    return array;
  };
  const view = (array: Data, range: Range) => array.subarray(range.offset, range.offset + range.length);
  const release = (storages: readonly Storage[]) => {
    for (const storage of storages) {
      account(-(memory.get(storage)?.byteLength ?? 0));
      memory.delete(storage);
    }
  };
  const requirePersistent = (range: Range) => {
    if (range.storage.lifetime === 'persistent') return view(persistent(range.storage), range);
    throw new KernelError(`${range.storage.label}: expected a persistent storage, got a transient one`);
  };

  async function compile(recording: Recording, options: CompileOptions = {}): Promise<Plan> {
    const plan = planMemory(recording, { keepAll: options.keepAll, kept: options.report });
    // A slot may hold floats in one launch and words in another, so it is a raw buffer with a view per type.
    const width = bits / 8;
    const slots = plan.slots.map((length) => withRoom(length * width, () => new ArrayBuffer(length * width)));
    for (const slot of slots) account(slot.byteLength);
    const arrayOf = (storage: Storage): Data => {
      if (storage.lifetime === 'persistent') return persistent(storage);
      const slot = slots[plan.slotOf.get(storage)!];
      if (storage.type === 'u32') return new Uint32Array(slot, 0, storage.length);
      return bits === 64 ? new Float64Array(slot, 0, storage.length) : new Float32Array(slot, 0, storage.length);
    };
    const steps = recording.launches.map((launch) => {
      const bindings: TwinBindings = Object.fromEntries(
        accessOf(launch).map(({ name, range }) => [name, view(arrayOf(range.storage), range)]),
      );
      const { kernel, tunables } = launch.variants[0];
      const parameters = { ...tunables, ...launch.parameters };
      return () => kernel.twin(bindings, parameters);
    });
    const report = (options.report ?? []).map((range) => view(arrayOf(range.storage), range));
    return {
      memoryBytes: plan.bytes,
      submits: 0,
      launches: recording.launches,
      run: async () => {
        for (const step of steps) step();
        return report.map((array) => array.slice());
      },
      read: async (range) => view(arrayOf(range.storage), range).slice(),
      profile: async (repeats) => recording.launches.map((launch, index) => time(launch, steps[index], repeats)),
      destroy: () => {
        for (const slot of slots.splice(0)) account(-slot.byteLength);
        steps.length = 0; // They hold the memory too.
        release(constantsOf(plan));
      },
    };
  }

  return {
    kind: 'cpu',
    memory: () => ({ bytes, peakBytes }),
    compile,
    write: (range, data) => {
      const array = requirePersistent(range);
      expectFits(range, data);
      array.set(data);
    },
    read: async (ranges) => ranges.map((range) => requirePersistent(range).slice()),
    release,
    destroy: () => {
      memory.clear();
      bytes = 0;
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
