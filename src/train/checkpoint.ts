/**
 * The state of training as a file: everything that it takes to go on exactly. What is in it, not where it is kept
 * (`src/cli/runDirectory.ts`, `src/worker/runStore.ts`). A model that is only run is in `src/model/weights.ts`.
 */
import { checksumOf } from '../base/checksum.ts';
import { DataError, shown } from '../base/errors.ts';
import { decodeTensors, encodeTensors } from '../model/safetensors.ts';
import type { ParameterLayout } from '../nn/layout.ts';
import type { RunText } from './text.ts';

/** Everything that training needs to go on exactly: masks and batches follow from the seed and the step. */
export interface Snapshot {
  readonly step: number;
  readonly parameter: Float32Array;
  readonly moment1: Float32Array;
  readonly moment2: Float32Array;
  readonly average: Float32Array;
}

/** A snapshot as it was saved. */
export interface SavedSnapshot extends Snapshot {
  /** Fingerprint of the text that the run learns from; null in files that are older than it. */
  readonly text: string | null;
}

const flatNames = ['parameter', 'moment1', 'moment2', 'average'] as const;

/** The state of training as a safetensors file; `text` is the fingerprint of what the run learns from. */
export function encodeSnapshot(snapshot: Snapshot, text: string): Uint8Array<ArrayBuffer> {
  const tensors = flatNames.map((name) => ({ name, shape: [snapshot[name].length], data: snapshot[name] }));
  return encodeTensors(tensors, { step: String(snapshot.step), text, checksum: checksumOfSnapshot(snapshot, text) });
}

/** Of everything that a file of a snapshot holds. */
function checksumOfSnapshot(snapshot: Snapshot, text: unknown): string {
  const arrays = flatNames.map((name) => snapshot[name]);
  const facts = new TextEncoder().encode(`${snapshot.step} ${text}`);
  const parts = [
    facts,
    ...arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  ];
  return parts.map(checksumOf).join('-');
}

/** Reads a state of training. Throws `DataError` when it is not one of this architecture, or not as it was written. */
export function decodeSnapshot(bytes: Uint8Array, layout: ParameterLayout, where: string): SavedSnapshot {
  const { tensors, metadata } = decodeTensors(bytes, where);
  const step = /^\d{1,15}$/.test(metadata.step ?? '') ? Number(metadata.step) : -1;
  if (step < 0)
    throw new DataError(`${where}: expected the number of steps in the metadata, got ${shown(metadata.step)}`);
  const read = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.data instanceof Float32Array && tensor.data.length === layout.length) return tensor.data;
    throw new DataError(
      `${where}: expected ${name} with ${layout.length} numbers, got ${tensor?.data.length ?? 'none'}`,
    );
  };
  const snapshot = {
    step,
    text: typeof metadata.text === 'string' ? metadata.text : null,
    parameter: read('parameter'),
    moment1: read('moment1'),
    moment2: read('moment2'),
    average: read('average'),
  };
  // Files of earlier versions have none.
  const { checksum = null } = metadata as { checksum?: unknown };
  if (checksum !== null && checksum !== checksumOfSnapshot(snapshot, metadata.text))
    throw new DataError(`${where}: expected the numbers that were written, got others (a file that was spoilt)`);
  return snapshot;
}

/** Throws `DataError` beginning with `where` for a text that is not the one which the run has learned from so far. */
export function expectSameText({ text }: SavedSnapshot, now: Pick<RunText, 'fingerprint'>, where: string): void {
  if (text !== null && text !== now.fingerprint())
    throw new DataError(`${where}: expected the text that the run has learned from so far, got another`);
}

/** SHA-256 over step, parameters, moments and averages, as hexadecimal: equal only for bit-equal runs. */
export async function hashOfSnapshot(snapshot: Snapshot): Promise<string> {
  const arrays = [Uint32Array.of(snapshot.step), ...flatNames.map((name) => snapshot[name])];
  const bytes = new Uint8Array(arrays.reduce((sum, array) => sum + array.byteLength, 0));
  let offset = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += array.byteLength;
  }
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
