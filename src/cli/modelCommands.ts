/** `sdlm eval` and `sdlm forward`: what a trained run says about text. */

import { ConfigError, DataError, DivergenceError, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import {
  expectInterventions,
  interventionForms,
  interventionText,
  parseIntervention,
} from '../config/interventions.ts';
import { measureOf } from '../config/objectives.ts';
import { expectMeasurable } from '../lab/ablation.ts';
import { modelOfWeights, modelOver } from '../model/model.ts';
import { encodeTensors, type NamedTensor } from '../model/safetensors.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import { createEvaluator } from '../train/evaluation.ts';
import { heldOut } from '../train/text.ts';
import { validate } from '../train/validation.ts';
import { readOptions, required, wholeNumber } from './arguments.ts';
import { backendOption, openBackend } from './backend.ts';
import { changedLoss, printChangedLoss } from './changedLoss.ts';
import { readBytes, writeWhole } from './disk.ts';
import { print, printJson } from './output.ts';
import { readCheckpoint } from './runDirectory.ts';
import { loadText, windowsOfFile } from './texts.ts';

export const evalHelp = `
eval --run DIR|FILE.safetensors [--data FILE] [--windows N] [--rounds N] [--intervene CHANGE]... [--backend gpu|cpu] [--json]
    Bits per character of held-out text, or of a file: a bound (NELBO), or the exact NLL of an autoregressive model; of prompts with answers also how many are answered exactly. With --intervene the loss with and without the changes, and their difference, paired (same windows, same masks). CHANGE is one of:
${Object.values(interventionForms)
  .map((form) => `      ${form}`)
  .join('\n')}`;

export const forwardHelp = `
forward --run DIR|FILE.safetensors --tokens FILE.json --out FILE.safetensors [--backend gpu|cpu] [--json]
    Logits and routes of given token ids, for checks by others. Row i is the prediction of token i: by an autoregressive model from the tokens before it (behind the mask as the beginning), by others from the tokens as they are, with block diffusion those of its own block and of the blocks before.`;

export async function evalCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, {
    ...backendOption,
    run: { type: 'string' },
    data: { type: 'string' },
    windows: { type: 'string' },
    rounds: { type: 'string' },
    intervene: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  });
  const { experiment, tokenizer, weights } = readCheckpoint(required('run', values.run));
  const interventions = (values.intervene ?? []).map((text) => parseIntervention(text, '--intervene'));
  expectInterventions(interventions, experiment);
  expectMeasurable(interventions);
  const windowCount = wholeNumber('windows', values.windows ?? '128', 2, 100000);
  const rounds = wholeNumber('rounds', values.rounds ?? '8', 1, 1024);
  const held =
    values.data === undefined
      ? heldOut(await loadText(experiment, undefined, tokenizer), windowCount)
      : windowsOfFile(experiment, values.data, tokenizer, windowCount);
  const { runtime, close } = await openBackend(values.backend);
  if (interventions.length > 0) {
    const model = modelOfWeights(runtime, experiment, tokenizer, weights);
    const loss = await changedLoss(model, interventions, held, rounds);
    close();
    if (values.json) printJson({ interventions: interventions.map(interventionText), ...loss });
    else printChangedLoss(loss);
    return;
  }
  const parameters = declareParameters(layoutOf(experiment.model, tokenizer.vocabularySize));
  const storage = parameters.average;
  runtime.write({ storage, offset: 0, length: storage.length }, weights);
  const evaluator = await createEvaluator(runtime, experiment, parameters, experiment.training.batchSize);
  const model = modelOver(runtime, experiment, tokenizer, parameters, () => {});
  const { bpc, standardError, tokens, answers } = await validate(evaluator, model, held, rounds);
  close();
  if (!Number.isFinite(bpc))
    throw new DivergenceError(
      `${values.run}: expected a finite loss, got ${bpc}: its weights are finite, but too large to compute with (of a run that diverges)`,
    );
  const { name, isExact } = measureOf(experiment);
  const how = isExact ? `${name}, ${tokens} tokens` : `${name}, ${tokens} tokens, ${rounds} mask levels per window`;
  if (values.json) printJson({ bpc, stderr: standardError, tokens, ...answers });
  else {
    // A single window has no standard error.
    const error = Number.isNaN(standardError) ? '' : ` ± ${standardError.toFixed(4)}`;
    print(`${bpc.toFixed(4)}${error} bits per character (${how})`);
    if (answers) print(`${(100 * answers.accuracy).toFixed(1)} % of ${answers.pairs} prompts answered exactly`);
  }
}

export async function forwardCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, {
    ...backendOption,
    run: { type: 'string' },
    tokens: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { experiment, tokenizer, weights } = readCheckpoint(required('run', values.run));
  const sequences = readTokens(required('tokens', values.tokens), tokenizer.vocabularySize);
  const out = required('out', values.out);
  const [B, T] = [sequences.length, sequences[0].length];
  const { runtime, close } = await openBackend(values.backend);
  const model = modelOfWeights(runtime, experiment, tokenizer, weights);
  const pass = await model.forward(B, T);
  const { logits, layers } = await pass.run(Uint32Array.from(sequences.flat()));
  close();
  const tensors: NamedTensor[] = [{ name: 'logits', shape: [B, T, pass.columns], data: logits }];
  for (const { layer, scores, gates, chosen } of layers) {
    const shape = [B, T, experiment.model.experts];
    tensors.push({ name: `layers.${layer}.router_scores`, shape, data: scores });
    tensors.push({ name: `layers.${layer}.gates`, shape, data: gates });
    tensors.push({ name: `layers.${layer}.chosen`, shape, data: Uint32Array.from(chosen) });
  }
  writeWhole(out, encodeTensors(tensors));
  if (values.json) printJson({ out, tensors: Object.fromEntries(tensors.map(({ name, shape }) => [name, shape])) });
  else print(`logits (${B}, ${T}, ${pass.columns}) and ${layers.length} layers of routes in ${out}`);
}

/** Token sequences of equal length from a JSON file: `[[1, 2, 3], ...]` or one flat list. */
function readTokens(path: string, maskId: number): number[][] {
  const value = parseJson(new TextDecoder().decode(readBytes(path)), path);
  const rows: unknown[] = Array.isArray(value) && Array.isArray(value[0]) ? value : [value];
  for (const row of rows) {
    if (!Array.isArray(row) || row.length === 0 || row.length !== (rows[0] as unknown[]).length) {
      throw new DataError(`${path}: expected lists of token ids of one length, got ${shown(row)}`);
    }
    const wrong = row.find((token) => !Number.isInteger(token) || token < 0 || token > maskId);
    if (wrong !== undefined) {
      throw new DataError(`${path}: expected token ids from 0 to ${maskId} (the mask), got ${shown(wrong)}`);
    }
  }
  if ((rows[0] as unknown[]).length > 4096)
    throw new ConfigError(`${path}: expected at most 4096 tokens per sequence, got more`);
  return rows as number[][];
}
