/** The golden files of the PyTorch reference, as tests/reference/README.md describes them. Not a general reader. */
import { readdirSync, readFileSync } from 'node:fs';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';

export interface Golden {
  readonly name: string;
  readonly experiment: Experiment;
  /** Without the mask. */
  readonly vocabularySize: number;
  /** Values of every tensor, by name; throws for one that is not there. */
  tensor(name: string): number[];
  readonly names: readonly string[];
}

const folder = new URL('../reference/goldens/', import.meta.url);

/** Reads every golden file. The files hold float64 too, which checkpoints of the engine never do. */
export function readGoldens(): Golden[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  return files.sort().map((file) => read(file.replace('.safetensors', ''), readFileSync(new URL(file, folder))));
}

function read(name: string, bytes: Buffer): Golden {
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as {
    __metadata__: Record<string, string>;
  } & Record<string, { dtype: string; data_offsets: [number, number] }>;
  const groups = JSON.parse(metadata.config) as Record<string, Record<string, unknown>>;
  const settings = Object.entries(groups).flatMap(([group, fields]) =>
    Object.entries(fields).map(([field, value]) => [`${group}.${field}`, value] as const),
  );
  const tensor = (key: string): number[] => {
    const entry = entries[key];
    if (!entry) throw new Error(`${name}: expected tensor ${key}, got none`);
    const [first, last] = entry.data_offsets.map((offset) => 8 + headerLength + offset);
    const size = entry.dtype === 'F64' ? 8 : 4;
    const at = (offset: number) => {
      if (entry.dtype === 'F64') return bytes.readDoubleLE(offset);
      if (entry.dtype === 'F32') return bytes.readFloatLE(offset);
      if (entry.dtype === 'I32') return bytes.readInt32LE(offset);
      throw new Error(`${name}: expected F64, F32 or I32 for ${key}, got ${entry.dtype}`);
    };
    return Array.from({ length: (last - first) / size }, (_, index) => at(first + size * index));
  };
  return {
    name,
    experiment: withSettings(defaultExperiment(), Object.fromEntries(settings)),
    vocabularySize: Number(metadata.vocabularySize),
    tensor,
    names: Object.keys(entries),
  };
}
