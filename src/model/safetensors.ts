/**
 * The safetensors format: an 8-byte little-endian length, a JSON header of that length, then the tensors' bytes.
 * No package of the npm registry writes it. Format: https://huggingface.co/docs/safetensors
 */
import { DataError, shown } from '../base/errors.ts';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint32Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The bytes of a safetensors file with these tensors, in this order. */
export function encodeTensors(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: { format: 'pt', ...metadata } };
  let size = 0;
  for (const { name, shape, data } of tensors) {
    const dtype = data instanceof Uint32Array ? 'U32' : 'F32';
    header[name] = { dtype, shape: [...shape], data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const json = JSON.stringify(header);
  // Padded with spaces so that the data starts at a multiple of 8.
  const text = new TextEncoder().encode(
    json.padEnd(json.length + ((8 - (new TextEncoder().encode(json).length % 8)) % 8)),
  );
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let offset = 8 + text.length;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file of float32 and 32-bit integer tensors.
 * Throws `DataError` with one sentence for a file that is truncated, is not safetensors, or holds other types.
 */
export function decodeTensors(bytes: Uint8Array, where: string): TensorFile {
  if (bytes.length < 8) throw new DataError(`${where}: expected a safetensors file, got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > 100e6 || bytes[8] !== 0x7b) {
    throw new DataError(`${where}: expected a safetensors header, got bytes of another format`);
  }
  if (8 + headerLength > bytes.length) {
    throw new DataError(
      `${where}: expected a header of ${headerLength} bytes, got a file cut off after ${bytes.length}`,
    );
  }
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, 8 + headerLength), where);
  if (typeof metadata !== 'object' || metadata === null) {
    throw new DataError(`${where}: expected metadata as an object, got ${shown(metadata)}`);
  }
  const tensors = new Map<string, NamedTensor>();
  const start = 8 + headerLength;
  for (const [name, entry] of Object.entries(entries as Record<string, Partial<Entry> | null>)) {
    const { dtype, shape, data_offsets: range } = entry ?? {};
    const isKnown = dtype === 'F32' || dtype === 'U32' || dtype === 'I32';
    if (!isKnown) throw new DataError(`${where}: expected tensor ${name} as F32, U32 or I32, got ${dtype}`);
    if (!isCounts(shape) || !isCounts(range) || range.length !== 2) {
      throw new DataError(`${where}: expected a shape and two offsets for tensor ${name}, got something else`);
    }
    const length = shape.reduce((size, axis) => size * axis, 1);
    if (range[1] - range[0] !== 4 * length) {
      throw new DataError(`${where}: expected ${4 * length} bytes for tensor ${name}, got ${range[1] - range[0]}`);
    }
    if (start + range[1] > bytes.length) {
      throw new DataError(
        `${where}: expected tensor ${name} to end at byte ${start + range[1]}, got a file cut off after ${bytes.length}`,
      );
    }
    // A copy, because the bytes need not be aligned to four. Not by `slice`, which is a view where `bytes` is a Buffer.
    const { buffer } = new Uint8Array(bytes.subarray(start + range[0], start + range[1]));
    tensors.set(name, { name, shape, data: dtype === 'F32' ? new Float32Array(buffer) : new Uint32Array(buffer) });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function parseHeader(text: Uint8Array, where: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  } catch {
    // Reported below, with the other ways a header can be wrong.
  }
  throw new DataError(`${where}: expected a safetensors header in JSON, got something else`);
}
