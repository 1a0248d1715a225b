/**
 * The safetensors format: an 8-byte little-endian length, a JSON header of that length, then the tensors' bytes.
 * No package of the npm registry writes it. Format: https://huggingface.co/docs/safetensors
 */
import { DataError, named, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';

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

/** What the header says of a tensor, once it is known to make sense. */
interface Declared {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** From the end of the header on. */
  readonly start: number;
  readonly end: number;
}

/** The bytes of a safetensors file with these tensors, in this order. */
export function encodeTensors(
  tensors: readonly NamedTensor[],
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const header: [string, Entry | Record<string, string>][] = [['__metadata__', { format: 'pt', ...metadata }]];
  let size = 0;
  for (const { name, shape, data } of tensors) {
    const dtype = data instanceof Uint32Array ? 'U32' : 'F32';
    header.push([name, { dtype, shape: [...shape], data_offsets: [size, size + data.byteLength] }]);
    size += data.byteLength;
  }
  // Not key by key: a tensor may be named as a prototype is.
  const json = JSON.stringify(Object.fromEntries(header));
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

/** Element types that are read, by how many bytes they take and what they become. */
const dtypes = {
  F32: { size: 4, read: (bytes: ArrayBuffer) => new Float32Array(bytes) },
  F16: { size: 2, read: (bytes: ArrayBuffer) => widened(new Uint16Array(bytes), bitsOfFloat16) },
  BF16: { size: 2, read: (bytes: ArrayBuffer) => widened(new Uint16Array(bytes), (half) => half << 16) },
  U32: { size: 4, read: (bytes: ArrayBuffer) => new Uint32Array(bytes) },
  I32: { size: 4, read: (bytes: ArrayBuffer) => new Uint32Array(bytes) },
} as const;

type Dtype = keyof typeof dtypes;

/** The numbers of 16 bits as float32, each of which holds them exactly. */
function widened(halves: Uint16Array, bitsOf: (half: number) => number): Float32Array {
  return new Float32Array(Uint32Array.from(halves, bitsOf).buffer);
}

/** The bits of a float16 (IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction) as those of a float32 (1, 8, 23). */
function bitsOfFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 127 - 15) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal, fraction / 2^24: a normal float32, so its leading one moves out of the fraction.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** Longest header that is read, as in the format's own library. */
const longestHeader = 100_000_000;

/**
 * Reads a safetensors file of floating-point tensors of 32 and 16 bits (which become float32) and integers of 32 bits.
 * Throws `DataError` with one sentence for a file that is cut off, is no safetensors, holds other types, or does not
 * hold exactly what its header says: every byte belongs to one tensor. Nothing is allocated before that is known.
 */
export function decodeTensors(bytes: Uint8Array, where: string): TensorFile {
  const headerLength = lengthOfHeader(bytes, where);
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), where);
  const { __metadata__: metadata, ...entries } = header;
  const declared = Object.entries(entries).map(([name, entry]) => declarationOf(name, entry, where));
  expectWhole(declared, bytes.length - 8 - headerLength, where);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, dtype, shape, start, end } of declared) {
    // A copy, because the bytes need not be aligned to four. Not by `slice`, which is a view where `bytes` is a Buffer.
    const { buffer } = new Uint8Array(bytes.subarray(8 + headerLength + start, 8 + headerLength + end));
    const data = dtypes[dtype].read(buffer);
    const negative = dtype === 'I32' ? data.findIndex((number) => number >= 2 ** 31) : -1;
    if (negative >= 0) {
      throw new DataError(`${where}: expected whole numbers from 0 in tensor ${named(name)}, got a negative one`);
    }
    tensors.set(name, { name, shape, data });
  }
  return { tensors, metadata: readMetadata(metadata, where) };
}

function lengthOfHeader(bytes: Uint8Array, where: string): number {
  if (bytes.length <= 8) throw new DataError(`${where}: expected a safetensors file, got ${bytes.length} bytes`);
  if (bytes[8] !== 0x7b) {
    throw new DataError(`${where}: expected a safetensors header, got bytes of another format`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    throw new DataError(`${where}: expected a header of ${length} bytes, got a file cut off after ${bytes.length}`);
  }
  if (length > BigInt(longestHeader)) {
    throw new DataError(`${where}: expected a header of at most ${longestHeader} bytes, got ${length}`);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, where: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${where}: expected a safetensors header in UTF-8, got other bytes`);
  }
  // It begins with a brace, so it is an object.
  return parseJson(text, where, 'a safetensors header in JSON') as Record<string, unknown>;
}

function declarationOf(name: string, entry: unknown, where: string): Declared {
  const refuse = (wanted: string, got: unknown): never => {
    throw new DataError(`${where}: expected ${wanted} tensor ${named(name)}, got ${shown(got)}`);
  };
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return refuse('dtype, shape and data_offsets of', entry);
  }
  const { dtype, shape, data_offsets: range, ...more } = entry as Record<string, unknown>;
  const [other] = Object.keys(more);
  if (other !== undefined) return refuse('nothing but dtype, shape and data_offsets of', other);
  if (!isDtype(dtype)) return refuse(`one of ${Object.keys(dtypes).join(', ')} as dtype of`, dtype);
  if (!isCounts(shape)) return refuse('a shape of whole numbers from 0 for', shape);
  if (!isCounts(range) || range.length !== 2 || range[0] > range[1]) {
    return refuse('two data_offsets in order for', range);
  }
  const size = shape.reduce((product, axis) => (isExact(product) ? product * axis : product), dtypes[dtype].size);
  if (!isExact(size)) return refuse('a shape that a file can hold for', shape);
  const [start, end] = range;
  if (end - start !== size) {
    throw new DataError(
      `${where}: expected ${size} bytes for tensor ${named(name)} (${dtype}, shape ${shown(shape)}), got ${end - start}`,
    );
  }
  return { name, dtype, shape, start, end };
}

/** Every byte after the header belongs to one tensor, and there are no others. */
function expectWhole(declared: readonly Declared[], size: number, where: string): void {
  let end = 0;
  for (const tensor of [...declared].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const name = named(tensor.name);
    if (tensor.end > size) {
      throw new DataError(
        `${where}: expected tensor ${name} to end at byte ${tensor.end} of the data, got a file cut off after ${size}`,
      );
    }
    if (tensor.start !== end) {
      const fault = tensor.start < end ? 'an overlap with the one before' : 'a gap';
      throw new DataError(
        `${where}: expected tensor ${name} to begin at byte ${end} of the data, where the one before ends, got ${tensor.start} (${fault})`,
      );
    }
    end = tensor.end;
  }
  if (end !== size) {
    throw new DataError(`${where}: expected ${end} bytes of data after the header, got ${size - end} bytes more`);
  }
}

function readMetadata(metadata: unknown, where: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new DataError(`${where}: expected metadata as an object of texts, got ${shown(metadata)}`);
  }
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== 'string') {
      throw new DataError(`${where}: expected metadata ${named(name)} as text, got ${shown(text)}`);
    }
  }
  return metadata as Record<string, string>;
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(dtypes, value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** Whether a product of whole numbers is still what it says. */
function isExact(product: number): boolean {
  return product <= Number.MAX_SAFE_INTEGER;
}
