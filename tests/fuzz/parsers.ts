/** Every parser of what may come from anywhere: how odd input for it is made, and what must hold of what it accepts. */
import { readFileSync } from 'node:fs';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { csvOf } from '../../src/base/csv.ts';
import { parseJson } from '../../src/base/json.ts';
import { atlasTables } from '../../src/config/atlasTables.ts';
import { defaultExperiment, differences, fields, withSettings } from '../../src/config/experiment.ts';
import { expectInterventions, interventionText, parseIntervention } from '../../src/config/interventions.ts';
import { placeOf } from '../../src/config/modelRef.ts';
import { parseAtlas } from '../../src/config/parseAtlas.ts';
import { parseRunRecord, parseStudyRecord } from '../../src/config/parseRecords.ts';
import { presetById, presetExperiment, presets } from '../../src/config/presets.ts';
import type { RunRecord, StudyRecord } from '../../src/config/records.ts';
import { readableText, validateText } from '../../src/data/ownText.ts';
import { parsePairs } from '../../src/data/pairs.ts';
import {
  byteTokenizer,
  characterTokenizer,
  encodePrompt,
  tokenizerFor,
  tokenizerFromJSON,
} from '../../src/data/tokenizers.ts';
import { decodeTensors, encodeTensors } from '../../src/model/safetensors.ts';
import { decodeCheckpoint, describeRun, encodeCheckpoint, layoutOfRun, parseRun } from '../../src/model/weights.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { bundleJson, parseRuns } from '../../src/store/compare/bundle.ts';
import { readQuery, readView, writeQuery } from '../../src/store/url.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/train/checkpoint.ts';
import { type Dice, oddBytes, oddJson, oddTensors, oddText, randomBytes } from './mutate.ts';
import { smallAtlas } from './smallAtlas.ts';

export interface Parser {
  readonly name: string;
  /** Makes an input and reads it. Throws a `DataError` or `ConfigError` to refuse it, a `Broken` for what must not be. */
  readonly attempt: (dice: Dice) => void;
}

/** Something that was accepted is not what it was taken for. */
export class Broken extends Error {}

function expectHolds(holds: boolean, what: string): void {
  if (!holds) throw new Broken(`expected ${what}`);
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Now and then bytes of anything in the place of what the parser knows. */
const bytesOr = (dice: Dice, made: () => Uint8Array) => (dice.oneIn(15) ? randomBytes(dice) : made());

const experiment = withSettings(defaultExperiment(), {
  'model.layers': 1,
  'model.width': 4,
  'model.heads': 1,
  'model.experts': 2,
  'model.choices': 1,
  'model.expertWidth': 3,
  'data.sequenceLength': 8,
});
const letters = characterTokenizer([...'abc _\\é😀']);
const layout = layoutOfRun({ experiment, vocabularySize: letters.vocabularySize });
const weights = initialParameters(layout, 1, 0.02, 1);
const text = 'Call me Ishmael. Some years ago, never mind how long. 日本 “é” 😀 '.repeat(4);
const subwords = tokenizerFor({ tokenizer: 'bpe', vocabularySize: 280 }, text, text);
const tokenizers = [letters, byteTokenizer(), subwords, characterTokenizer([...new Set(text)])];
const described = describeRun(experiment, letters.vocabularySize);
const settings = { tokenizer: 'byte', sequenceLength: 8, validationShare: 0.1, trainingCharacters: 0 } as const;

const files = {
  tensors: encodeTensors(
    [
      { name: 'a', shape: [2, 3], data: Float32Array.of(1, -0, 2, 1e-40, 3, 4) },
      { name: 'b', shape: [], data: Uint32Array.of(7) },
      { name: 'none', shape: [0, 4], data: new Float32Array() },
      { name: '__proto__', shape: [4], data: Float32Array.of(1, 2, 3, 4) },
    ],
    { step: '3' },
  ),
  checkpoint: encodeCheckpoint({ experiment, tokenizer: letters, weights }, 3),
  snapshot: encodeSnapshot({ step: 3, parameter: weights, moment1: weights, moment2: weights, average: weights }, 'ab'),
};
const study = JSON.parse(readFileSync('public/studies/dense-vs-moe.json', 'utf8')) as StudyRecord;
/** Short, as most changes are to be where something is checked. */
const runs: RunRecord[] = study.runs.slice(0, 2).map((run) => {
  const first = (values: readonly number[]) => values.slice(0, 2);
  const { training: t, validation: v } = run;
  const curve = ({ step, seconds, bpc }: typeof t) => ({ step: first(step), seconds: first(seconds), bpc: first(bpc) });
  return { ...run, training: curve(t), validation: { ...curve(v), standardError: first(v.standardError) } };
});

function attemptTensors(dice: Dice): void {
  const bytes = bytesOr(dice, () => oddTensors(files.tensors, dice));
  const { tensors, metadata } = decodeTensors(bytes, 'a.safetensors');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  let size = 0;
  for (const { name, shape, data } of tensors.values()) {
    const { dtype, data_offsets: range } = header[name];
    size += range[1] - range[0];
    expectHolds(
      data.length === shape.reduce((product, axis) => product * axis, 1),
      'as many numbers as the shape says',
    );
    expectHolds(range[1] - range[0] === data.length * (/F16$/.test(dtype) ? 2 : 4), 'as many bytes as the type takes');
  }
  expectHolds(size === bytes.length - 8 - length, 'every byte in one tensor');
  expectHolds(
    Object.values(metadata).every((word) => typeof word === 'string'),
    'texts as metadata',
  );
}

function attemptCheckpoint(dice: Dice): void {
  const read = decodeCheckpoint(
    bytesOr(dice, () => oddTensors(files.checkpoint, dice)),
    'a.safetensors',
  );
  const size = layoutOfRun({ experiment: read.experiment, vocabularySize: read.tokenizer.vocabularySize }).length;
  expectHolds(read.weights.length === size && read.weights.every(Number.isFinite), 'finite weights of the layout');
}

function attemptSnapshot(dice: Dice): void {
  const read = decodeSnapshot(
    bytesOr(dice, () => oddTensors(files.snapshot, dice)),
    layout,
    'a.safetensors',
  );
  expectHolds(read.average.length === layout.length && Number.isInteger(read.step), 'a state of the layout');
}

function attemptTokenizer(dice: Dice): void {
  const source = JSON.parse(JSON.stringify(dice.pick([subwords, subwords, ...tokenizers])));
  const value = parseJson(oddJson(source, dice), 'tokenizer.json');
  const read = tokenizerFromJSON(value);
  expectHolds(equal(tokenizerFromJSON(JSON.parse(JSON.stringify(read))), read), 'the same after a round trip');
  if (read.kind !== 'bpe') return;
  // Their library in JavaScript wants to see that there is none; the one in Rust does not.
  const library = new HuggingFaceTokenizer({ normalizer: null, post_processor: null, ...(value as object) }, {});
  for (const sample of [text, 'a  b\n\n c<|mask', "it's 12 日本 é", '  ']) {
    expectHolds(equal(library.encode(sample).ids, [...read.encode(sample)]), 'the ids that the library gives');
  }
  expectHolds(equal(library.encode('<|mask|>').ids, [read.maskId]), 'the mask where the library has it');
}

function attemptRun(dice: Dice): void {
  const read = parseRunRecord(parseJson(oddJson(dice.pick(runs), dice), 'record.json'), 'record.json');
  expectHolds(equal(parseRunRecord(JSON.parse(JSON.stringify(read)), 'again'), read), 'the same after a round trip');
}

const atlas = smallAtlas(experiment);

function attemptAtlas(dice: Dice): void {
  const read = parseAtlas(oddJson(JSON.parse(JSON.stringify(atlas)), dice), 'atlas.json');
  expectHolds(equal(parseAtlas(JSON.stringify(read), 'again'), read), 'the same after a round trip');
  for (const { columns, rows } of atlasTables(read)) expectHolds(csvOf(columns, rows).endsWith('\n'), 'a table');
}

function attemptIntervention(dice: Dice): void {
  const forms = [
    'ablate:0.1',
    'clamp:0.1=0.5',
    'experts:0=0,1',
    'router:tokens,1,dropless',
    'vote:2',
    'mass:0.5',
    'freeze',
  ];
  const read = parseIntervention(dice.oneIn(2) ? oddText(dice.pick(forms), dice) : dice.pick(forms), '--intervene');
  expectHolds(equal(parseIntervention(interventionText(read), 'again'), read), 'the same after a round trip');
  expectInterventions([read], experiment);
}

function attemptStudy(dice: Dice): void {
  const { tables, verdicts } = study;
  const short = { ...study, runs: runs.slice(0, 1), tables: tables.slice(0, 1), verdicts: verdicts.slice(0, 1) };
  const read = parseStudyRecord(parseJson(oddJson(short, dice), 'results.json'), 'results.json');
  expectHolds(equal(parseStudyRecord(JSON.parse(JSON.stringify(read)), 'again'), read), 'the same after a round trip');
}

function attemptBundle(dice: Dice): void {
  const source = dice.pick<unknown>([{ format: 1, kind: 'runs', runs }, { ...study, runs }, runs[0]]);
  const read = parseRuns(oddJson(source, dice), 'runs.json');
  expectHolds(equal(parseRuns(bundleJson(read), 'again'), read), 'the same after a round trip');
}

function attemptAddress(dice: Dice): void {
  const pairs = Array.from({ length: dice.oneIn(200) ? 5000 : dice.below(12) }, () => {
    const path = dice.oneIn(4)
      ? oddText('model.layers', dice)
      : dice.pick(['preset', ...fields.map((field) => field.path)]);
    return [path, dice.pick(['1', '2', '0', 'true', 'dense', 'custom', '-1', '1e9', '', oddText('cosine', dice)])];
  });
  const query = dice.oneIn(3) ? oddText(`?${new URLSearchParams(pairs)}`, dice) : `?${new URLSearchParams(pairs)}`;
  const { presetId, experiment: read, problems } = readQuery(query);
  expectHolds(problems.length <= 8, 'a list of problems that ends');
  for (const problem of problems) expectSentence(problem);
  const again = readQuery(writeQuery(presetId, read));
  expectHolds(again.problems.length === 0 && equal(again.experiment, read), 'an address of its own');
  const view = readView(oddText('#/decode', dice));
  expectHolds(view === null || view === 'decode', 'a view that the address names');
}

function attemptPairs(dice: Dice): void {
  const tabbed = '2+2=\t4\n3+3=\t6\n\nÇa va ? \tOui.\n';
  const lines = [
    { prompt: '2+2=', answer: '4' },
    { prompt: '3+3=', answer: '6' },
  ].map((pair) => oddJson(pair, dice));
  const source = dice.oneIn(2)
    ? oddText(tabbed, dice)
    : [JSON.stringify({ prompt: 'a', answer: 'b' }), ...lines].join('\n');
  const bytes = bytesOr(dice, () => new TextEncoder().encode(source));
  const read = parsePairs(readableText(bytes, 'pairs.tsv'), 'pairs.tsv');
  expectHolds(
    read.every(({ prompt, answer }) => prompt !== '' && /\S/.test(answer) && !answer.includes('\n')),
    'pairs',
  );
}

function attemptText(dice: Dice): void {
  const bytes = bytesOr(dice, () => oddBytes(new TextEncoder().encode(oddText(text, dice)), dice));
  const read = validateText(dice.oneIn(3) ? oddText(text, dice) : bytes, settings, 'a.txt');
  expectHolds(/\S/.test(read) && !/\r|\0|\p{Surrogate}/u.test(read), 'a text that can be learned from');
}

function attemptPrompt(dice: Dice): void {
  const tokenizer = dice.pick(tokenizers);
  const prompt = oddText(dice.pick(['Call me _ .', 'a __ day', 'a\\_b\\\\_ c', '', '_'.repeat(40)]), dice);
  const ids = encodePrompt(tokenizer, prompt, !dice.oneIn(3));
  expectHolds(
    ids.every((id) => id <= tokenizer.maskId),
    'ids of the tokenizer',
  );
  expectHolds(ids.length <= new TextEncoder().encode(prompt).length, 'no more tokens than bytes');
  tokenizer.decode(ids);
}

function attemptRef(dice: Dice): void {
  const ref = dice.oneIn(3)
    ? dice.pick(['bundled', 'run:a', 'file:1'])
    : oddText(dice.pick(['bundled', 'run:a', 'file:1']), dice);
  const place = placeOf(ref);
  expectHolds((place.kind === 'bundled' ? 'bundled' : `${place.kind}:${place.id}`) === ref, 'the place that was named');
}

function attemptConfig(dice: Dice): void {
  const preset = presetExperiment(dice.pick(presets).id);
  const source = dice.oneIn(2) ? described : describeRun(preset, 90);
  const read = parseRun(oddJson(source, dice), 'config.json');
  const again = parseRun(JSON.stringify(describeRun(read.experiment, read.vocabularySize)), 'again');
  expectHolds(
    equal(again, read) && Object.keys(differences(again.experiment, read.experiment)).length === 0,
    'the same',
  );
  layoutOfRun(read);
}

function attemptPreset(dice: Dice): void {
  const { id } = presetById(oddText(dice.pick(presets).id, dice));
  expectHolds(
    presets.some((preset) => preset.id === id),
    'a preset that exists',
  );
}

/** One printable line, of a length that a person reads. */
export function expectSentence(message: string): void {
  expectHolds(/expected .*got |cannot be used/.test(message), `a sentence that says what was expected, got ${message}`);
  expectHolds(
    !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e]/u.test(message),
    `a printable line, got ${JSON.stringify(message)}`,
  );
  expectHolds(message.length <= 2100, `a sentence of a length that a person reads, got ${message.length} characters`);
}

export const parsers: readonly Parser[] = [
  { name: 'safetensors', attempt: attemptTensors },
  { name: 'checkpoint', attempt: attemptCheckpoint },
  { name: 'state of training', attempt: attemptSnapshot },
  { name: 'tokenizer.json', attempt: attemptTokenizer },
  { name: 'config.json', attempt: attemptConfig },
  { name: 'record of a run', attempt: attemptRun },
  { name: 'record of a study', attempt: attemptStudy },
  { name: 'atlas', attempt: attemptAtlas },
  { name: 'intervention', attempt: attemptIntervention },
  { name: 'bundle of runs', attempt: attemptBundle },
  { name: 'address', attempt: attemptAddress },
  { name: 'preset', attempt: attemptPreset },
  { name: 'pairs', attempt: attemptPairs },
  { name: 'own text', attempt: attemptText },
  { name: 'prompt', attempt: attemptPrompt },
  { name: 'model reference', attempt: attemptRef },
];
