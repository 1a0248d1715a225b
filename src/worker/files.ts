/** What the worker reads beside the page: texts and the bundled model. What it keeps is in `storage.ts`. */
import { DataError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import { type Checkpoint, decodeModel, layoutOfRun, parseRun } from '../model/weights.ts';

/** Reads a file beside the page. Throws `DataError` saying which one and what came instead. */
export async function fetchFile(baseUrl: string, path: string): Promise<Response> {
  const response = await fetch(new URL(path, baseUrl)).catch((error: Error) => {
    throw new DataError(`${path}: expected a file beside the page, got ${error.message}`);
  });
  if (!response.ok) throw new DataError(`${path}: expected a file beside the page, got HTTP ${response.status}`);
  return response;
}

/** Reads the bundled model. */
export async function fetchBundled(baseUrl: string): Promise<Checkpoint> {
  const paths = ['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => `pretrained/${name}`);
  const [config, tokenizerFile, weights] = await Promise.all(paths.map((path) => fetchFile(baseUrl, path)));
  const run = parseRun(await config.text(), paths[0]);
  const tokenizer = tokenizerFromJSON(parseJson(await tokenizerFile.text(), paths[1]), paths[1]);
  const flat = decodeModel(new Uint8Array(await weights.arrayBuffer()), layoutOfRun(run), paths[2]);
  return { experiment: run.experiment, tokenizer, weights: flat, where: 'the bundled model' };
}
