/** `sdlm routes`: the atlas of a run's routes over held-out windows, as a file and as tables. */
import { dirname, join, resolve } from 'node:path';
import { csvOf } from '../base/csv.ts';
import { ConfigError, DataError } from '../base/errors.ts';
import { type Atlas, atlasLimits } from '../config/atlas.ts';
import { atlasTables } from '../config/atlasTables.ts';
import { buildAtlas, expectExperts } from '../lab/atlas.ts';
import { windowsPerCall } from '../lab/network.ts';
import { modelOfWeights } from '../model/model.ts';
import { readOptions, required, wholeNumber } from './arguments.ts';
import { backendOption, openBackend } from './backend.ts';
import { makeDirectory, statusOf, writeAllWhole, writeWhole } from './disk.ts';
import { activity, endProgress, print, printJson, table } from './output.ts';
import { readCheckpoint } from './runDirectory.ts';
import { atlasText } from './texts.ts';

export const routesHelp = `
routes --run DIR|FILE.safetensors --out FILE.json [--data FILE] [--windows N] [--seed N] [--csv DIR] [--backend gpu|cpu] [--json]
    Atlas of a model's routes: which expert holds which tokens of held-out windows (128 unless --windows says otherwise), or of a file's, masked at ratios spread evenly from 0 to 1; counts, shares and standard errors over windows, as one file that opens in the page, and with --csv as one table per file.`;

export async function routesCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, {
    ...backendOption,
    run: { type: 'string' },
    data: { type: 'string' },
    windows: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
    csv: { type: 'string' },
    json: { type: 'boolean' },
  });
  const run = required('run', values.run);
  const out = required('out', values.out);
  if (values.csv !== undefined && values.csv === out)
    throw new ConfigError(`--csv: expected a directory other than --out, got "${out}"`);
  const windows = wholeNumber('windows', values.windows ?? '128', 2, atlasLimits.windows);
  const seed = wholeNumber('seed', values.seed ?? '1', 0, 4294967295);
  // Before the work: what cannot be written need not be measured.
  if (!statusOf(dirname(resolve(out)))?.isDirectory())
    throw new DataError(`--out ${out}: expected a file in a directory that is there, got no such directory`);
  if (values.csv !== undefined) makeDirectory(values.csv, '--csv');
  const { experiment, tokenizer, weights } = readCheckpoint(run);
  expectExperts(experiment, `--run ${run}`);
  const text = await atlasText(experiment, values.data, tokenizer, windows);
  const { runtime, close } = await openBackend(values.backend);
  const model = modelOfWeights(runtime, experiment, tokenizer, weights);
  const B = windowsPerCall(experiment, tokenizer.maskId + 1);
  const pass = await model.forward(B, experiment.data.sequenceLength);
  const atlas = await buildAtlas({ experiment, tokenizer, weights }, pass, {
    ...text,
    seed,
    created: new Date().toISOString(),
    onProgress: (done, of) => activity(`routes of window ${done} of ${of}`),
  });
  endProgress();
  close();
  writeWhole(out, `${JSON.stringify(atlas)}\n`);
  if (values.csv !== undefined) writeTables(values.csv, atlas);
  if (values.json) printJson(summaryOf(atlas, out));
  else printSummary(atlas, out);
}

function writeTables(directory: string, atlas: Atlas): void {
  writeAllWhole(
    atlasTables(atlas).map(({ name, columns, rows }) => ({
      path: join(directory, `${name}.csv`),
      content: () => csvOf(columns, rows, '\n'),
    })),
  );
}

function summaryOf(atlas: Atlas, out: string) {
  return {
    out,
    windows: atlas.windows.masks.length,
    tokens: atlas.tokens,
    weights: atlas.model.weights,
    layers: atlas.byLayer.map(({ layer, asked, dropped, maxVio, entropy, specialisation }) => ({
      ...{ layer, asked, dropped, maxVio, entropy },
      specialisation: specialisation.read,
    })),
    notes: atlas.notes,
  };
}

function printSummary(atlas: Atlas, out: string): void {
  const rows = atlas.byLayer.map(({ layer, asked, dropped, maxVio, entropy, specialisation }) => [
    String(layer),
    String(asked),
    `${((100 * dropped) / Math.max(1, asked)).toFixed(1)}%`,
    maxVio.toFixed(3),
    entropy.toFixed(3),
    specialisation.read.toFixed(3),
  ]);
  print(table([['layer', 'routes', 'dropped', 'MaxVio', 'entropy', 'specialisation'], ...rows]));
  for (const note of atlas.notes) print(note);
  print(`${atlas.windows.masks.length} windows, ${atlas.tokens} tokens: ${atlas.text} Atlas in ${out}`);
}
