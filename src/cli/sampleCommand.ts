/** `sdlm sample`: what a trained run writes, by any decoder of the schema, and the trace of how it came about. */
import { checksumOf } from '../base/checksum.ts';
import { ConfigError } from '../base/errors.ts';
import { three } from '../base/format.ts';
import { decoderFacts, decoderNames, decodersFor, decodeSettings, expectDecoder, factsOf } from '../config/decoders.ts';
import { decodeFields, expectRead, isRead } from '../config/decodeSettings.ts';
import type { Field } from '../config/schema/fields.ts';
import {
  type CallCounts,
  type DecodeOptions,
  decodeSteps,
  noCalls,
  sequencesPerCall,
  tokensPerCall,
} from '../diffusion/decode.ts';
import { type Trace, type TraceStep, traceFormat, traceStep } from '../diffusion/trace.ts';
import { decodingOf, denoiserOf, type Model, modelOfWeights, promptTokens } from '../model/model.ts';
import { oneOf, readOptions, readSettings, realNumber, required, wholeNumber } from './arguments.ts';
import { backendOption, openBackend } from './backend.ts';
import { writeWhole } from './disk.ts';
import { print, printJson, progress, table } from './output.ts';
import { readCheckpoint } from './runDirectory.ts';

/** Flags that stand for a setting, and how their values are read. */
const flags = {
  steps: { path: 'decode.steps', read: (text: string) => wholeNumber('steps', text, 1, 100000) },
  temperature: { path: 'decode.temperature', read: (text: string) => realNumber('temperature', text, 0, 100) },
  'top-k': { path: 'decode.topK', read: (text: string) => wholeNumber('top-k', text, 1, 1000000) },
  'top-p': { path: 'decode.topP', read: (text: string) => realNumber('top-p', text, 1e-6, 1) },
  seed: { path: 'decode.seed', read: (text: string) => wholeNumber('seed', text, 0, 4294967295) },
} as const;

type Flag = keyof typeof flags;

export const sampleHelp = `
sample --run DIR|FILE.safetensors [--decoder NAME] [--set decode.NAME=VALUE]... [--steps N] [--length N] [--prompt TEXT] [--temperature X] [--top-k N] [--top-p X] [--seed N] [--samples N] [--trace FILE.json] [--backend gpu|cpu] [--json]
    Write texts: denoise them (_ in the prompt is a hole of one token, \\_ an underscore), or continue the prompt as it is with an autoregressive model. A decoder is an order, a budget, a revision and a span; --set changes any part of a named one. Further samples take the seeds after the first. --trace writes what each call decided and why. Decoders, and the objectives they are for:
${Object.entries(decoderFacts)
  .map(([name, { fits }]) => `      ${name} (${fits.join(', ')})`)
  .join('\n')}
sample --list [--json]
    The decoders, the settings they are made of, their ranges and defaults.`;

export async function sampleCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, {
    ...backendOption,
    run: { type: 'string' },
    decoder: { type: 'string' },
    set: { type: 'string', multiple: true },
    length: { type: 'string' },
    prompt: { type: 'string' },
    samples: { type: 'string' },
    trace: { type: 'string' },
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    steps: { type: 'string' },
    temperature: { type: 'string' },
    'top-k': { type: 'string' },
    'top-p': { type: 'string' },
    seed: { type: 'string' },
  });
  if (values.list) return list(values.json === true);
  const path = required('run', values.run);
  const { experiment, tokenizer, weights } = readCheckpoint(path);
  const decoder = namedDecoder(values.decoder, decodersFor(experiment.objective.kind));
  const T = experiment.data.sequenceLength;
  const length = wholeNumber('length', values.length ?? String(T), 1, T);
  const samples = wholeNumber('samples', values.samples ?? '1', 1, 1000);
  if (values.trace !== undefined && samples > 1)
    throw new ConfigError(`--samples: expected 1 with --trace, which is of one text, got "${samples}"`);
  const changes = changesOf(values, length);
  const maskId = tokenizer.vocabularySize;
  const options = decodingOf({ experiment, maskId }, decoder, changes.all);
  for (const [flag, { path: setting }] of Object.entries(flags))
    if (values[flag as Flag] !== undefined && !isRead(options.settings, setting))
      throw new ConfigError(
        `--${flag}: expected none with the decoder "${decoder}", which does not read it, got "${values[flag as Flag]}"`,
      );
  expectRead(options.settings, changes.set);
  const { runtime, close } = await openBackend(values.backend);
  const model = modelOfWeights(runtime, experiment, tokenizer, weights);
  const start = promptTokens(model, values.prompt ?? '', length);
  const written: Sample[] = [];
  for (let i = 0; i < samples; i++) {
    const seed = (options.settings.seed + i) >>> 0;
    const own = { ...options, settings: { ...options.settings, seed } };
    written.push(await writeSample(model, start, own, values.trace !== undefined));
  }
  close();
  if (values.trace !== undefined) {
    const checksum = checksumOf(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));
    const of = { name: path, vocabulary: maskId, checksum };
    const { settings } = options;
    const trace: Trace = { format: traceFormat, model: of, settings, start: [...start], steps: written[0].trace };
    writeWhole(values.trace, new TextEncoder().encode(`${JSON.stringify(trace)}\n`));
  }
  tell(written, values.json === true);
}

interface Sample extends CallCounts {
  readonly text: string;
  readonly tokensPerCall: number;
  readonly trace: readonly TraceStep[];
}

async function writeSample(
  model: Model,
  start: Uint32Array,
  options: DecodeOptions,
  isTraced: boolean,
): Promise<Sample> {
  const denoise = await denoiserOf(model, start.length, sequencesPerCall(options));
  const trace: TraceStep[] = [];
  let tokens: Uint32Array = start;
  let counts = noCalls;
  for await (const step of decodeSteps(denoise, start, options)) {
    counts = step.counts;
    tokens = step.progress.tokens;
    if (isTraced) trace.push(traceStep(step));
  }
  const perCall = tokensPerCall(start, { call: counts.calls, tokens });
  return { text: model.tokenizer.decode(tokens), ...counts, tokensPerCall: perCall, trace };
}

/** Texts to standard output as they are. As JSON with what they took: one object for one text, a list for several. */
function tell(samples: readonly Sample[], isJson: boolean): void {
  if (!isJson) {
    for (const { text } of samples) print(text);
    for (const figures of samples) progress(inWords(figures));
    return;
  }
  const figures = samples.map(({ trace, ...figures }) => figures);
  printJson(figures.length === 1 ? figures[0] : { samples: figures });
}

/** What a text took, for standard error. */
function inWords({ calls, verifyCalls, editCalls, sequences, tokensPerCall }: Sample): string {
  const apart = `${verifyCalls} of them verifying, ${editCalls} editing`;
  return `${calls} network calls (${apart}), ${sequences} sequences read, ${three(tokensPerCall)} tokens per call`;
}

function namedDecoder(name: string | undefined, fitting: readonly string[]): string {
  if (name === undefined) return fitting[0];
  try {
    return oneOf('decoder', expectDecoder(name, null), fitting);
  } catch {
    // Of another objective, or of none.
    return oneOf('decoder', name, fitting);
  }
}

/** Changes to the decoder by path, and those of them that `--set` made. Without any, each position has its own call. */
function changesOf(values: Partial<Record<Flag, string>> & { set?: string[] }, length: number) {
  const set = readSettings(values.set);
  const all: Record<string, unknown> = { 'decode.steps': length };
  for (const [flag, { path, read }] of Object.entries(flags)) {
    const text = values[flag as Flag];
    if (text === undefined) continue;
    if (path in set) throw new ConfigError(`--${flag}: expected none beside --set ${path}, got "${text}"`);
    all[path] = read(text);
  }
  return { all: { ...all, ...set }, set: Object.keys(set) };
}

/** The decoders and the settings that they are made of, from the schema. */
function list(isJson: boolean): void {
  if (isJson) {
    const decoders = decoderNames.map((name) => ({ name, ...factsOf(name), settings: decodeSettings(name) }));
    printJson({ decoders, settings: decodeFields.map(({ path, part, field }) => ({ path, part, ...field })) });
    return;
  }
  const differing = (name: (typeof decoderNames)[number]) =>
    Object.entries(factsOf(name).settings).map(([setting, value]) => `${setting}=${value}`);
  print(
    table([
      ['decoder', 'objectives', 'settings'],
      ...decoderNames.map((name) => [name, factsOf(name).fits.join(', '), differing(name).join(' ')]),
    ]),
  );
  print('');
  print(
    table([
      ['setting', 'part', 'values', 'default', 'about'],
      ...decodeFields.map(({ path, part, field }) => [path, part, rangeOf(field), String(field.default), field.why]),
    ]),
  );
}

function rangeOf(field: Field): string {
  switch (field.kind) {
    case 'number':
      return `${field.min} to ${field.max}${field.unit === '' ? '' : ` ${field.unit}`}`;
    case 'flag':
      return 'true, false';
    case 'choice':
      return field.options.map(({ value }) => value).join(', ');
    default:
      return field satisfies never;
  }
}
