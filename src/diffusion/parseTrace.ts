/** Reads a trace from JSON that may come from anywhere: one sentence for the first thing that cannot be. */
import { DataError, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { type DecodeSettings, decodeFields, decodeSettingAt, settingsOf } from '../config/decodeSettings.ts';
import type { CallKind } from './decode.ts';
import { type Trace, type TracedModel, type TraceStep, traceFormat, type Weighed } from './trace.ts';
import type { Commit, Edit } from './view.ts';

/** Positions of a sequence, or steps, are far fewer. */
const most = 1_000_000;

/**
 * The trace that a JSON text holds. Throws `DataError` with one sentence that begins with `where`: for what is missing, of
 * the wrong kind or out of range, for steps that contradict the sequence they are of, and for a trace of another model
 * than `model`, where one is given.
 */
export function parseTrace(text: string, where: string, model: TracedModel | null = null): Trace {
  const read = objectAt(parseJson(text, where, 'a trace'), where, ['format', 'model', 'settings', 'start', 'steps']);
  if (read.format !== traceFormat) throw fault(`${where}: format`, String(traceFormat), read.format);
  const of = modelAt(read.model, `${where}: model`);
  if (model) expectSame(of, model, `${where}: model`);
  const start = listAt(read.start, `${where}: start`).map((token, i) =>
    wholeAt(token, `${where}: start[${i}]`, of.vocabulary),
  );
  const settings = settingsAt(read.settings, `${where}: settings`);
  const rows = { T: start.length, V: of.vocabulary };
  const steps = listAt(read.steps, `${where}: steps`).map((step, i) => stepAt(step, `${where}: steps[${i}]`, rows));
  const trace: Trace = { format: traceFormat, model: of, settings, start, steps };
  expectReplay(trace, where);
  return trace;
}

function modelAt(value: unknown, where: string): TracedModel {
  const { name, vocabulary, checksum } = objectAt(value, where, ['name', 'vocabulary', 'checksum']);
  if (typeof name !== 'string') throw fault(`${where}.name`, 'a text', name);
  if (checksum !== null && typeof checksum !== 'string') throw fault(`${where}.checksum`, 'a text or null', checksum);
  return { name, vocabulary: wholeAt(vocabulary, `${where}.vocabulary`, most, 1), checksum };
}

/** Weights decide where both are known, else the name; a vocabulary of another size always does. */
function expectSame(got: TracedModel, wanted: TracedModel, where: string): void {
  const told = ({ name, vocabulary, checksum }: TracedModel) =>
    `"${name}" with ${vocabulary} tokens${checksum === null ? '' : `, weights ${checksum}`}`;
  const areKnown = got.checksum !== null && wanted.checksum !== null;
  const isSame = areKnown ? got.checksum === wanted.checksum : got.name === wanted.name;
  if (!isSame || got.vocabulary !== wanted.vocabulary)
    throw new DataError(`${where}: expected a trace of ${told(wanted)}, got one of ${told(got)}`);
}

function settingsAt(value: unknown, where: string): DecodeSettings {
  const names = decodeFields.map(({ path }) => path.slice(path.indexOf('.') + 1));
  const given = objectAt(value, where, names);
  const changes = Object.fromEntries(names.map((name) => [`decode.${name}`, given[name]]));
  try {
    const settings = settingsOf({}, changes, null);
    for (const [path, setting] of Object.entries(changes))
      if (decodeSettingAt(settings, path) !== setting)
        throw fault(`${where}: ${path}`, shown(decodeSettingAt(settings, path)), setting);
    return settings;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${where}: ${(error as Error).message}`);
  }
}

interface Size {
  readonly T: number;
  readonly V: number;
}

const kinds: readonly CallKind[] = ['decode', 'verify', 'edit'];

function stepAt(value: unknown, where: string, size: Size): TraceStep {
  const names = ['call', 'kind', 'step', 'temperature', 'budget', 'commits', 'remasks', 'edits', 'open'];
  const read = objectAt(value, where, names);
  const kind = kinds.find((one) => one === read.kind);
  if (!kind) throw fault(`${where}.kind`, kinds.join(', '), read.kind);
  const budget = objectAt(read.budget, `${where}.budget`, ['count', 'value']);
  const each = <T>(name: string, one: (value: unknown, where: string) => T) =>
    listAt(read[name], `${where}.${name}`).map((item, i) => one(item, `${where}.${name}[${i}]`));
  return {
    call: wholeAt(read.call, `${where}.call`, most, 1),
    kind,
    step: wholeAt(read.step, `${where}.step`, most),
    temperature: numberAt(read.temperature, `${where}.temperature`, 100),
    budget: {
      count: wholeAt(budget.count, `${where}.budget.count`, size.T),
      value: numberAt(budget.value, `${where}.budget.value`, most),
    },
    commits: each('commits', (item, at): Commit => {
      const score = objectAt(item, at, ['position', 'token', 'confidence', 'score']).score;
      return { ...tokenAt(item, at, size), score: numberAt(score, `${at}.score`, 1) };
    }),
    remasks: each('remasks', (item, at) => wholeAt(item, at, size.T - 1)),
    edits: each('edits', (item, at): Edit => {
      objectAt(item, at, ['position', 'token', 'confidence']);
      return tokenAt(item, at, size);
    }),
    open: weighedAt(read.open, `${where}.open`, size),
  };
}

function tokenAt(value: unknown, where: string, { T, V }: Size): Edit {
  const { position, token, confidence } = value as Record<string, unknown>;
  return {
    position: wholeAt(position, `${where}.position`, T - 1),
    token: wholeAt(token, `${where}.token`, V - 1),
    confidence: numberAt(confidence, `${where}.confidence`, 1),
  };
}

function weighedAt(value: unknown, where: string, { T, V }: Size): Weighed {
  const names = ['positions', 'tokens', 'confidence', 'score', 'entropy', 'margin', 'best', 'probabilities'];
  const read = objectAt(value, where, names);
  const count = listAt(read.positions, `${where}.positions`).length;
  const list = <T>(name: string, one: (value: unknown, where: string) => T): T[] => {
    const items = listAt(read[name], `${where}.${name}`);
    if (items.length !== count) throw fault(`${where}.${name}`, `${count} entries`, items.length);
    return items.map((item, i) => one(item, `${where}.${name}[${i}]`));
  };
  const whole = (most: number) => (item: unknown, at: string) => wholeAt(item, at, most);
  const number = (most: number) => (item: unknown, at: string) => numberAt(item, at, most);
  const lists = (one: (item: unknown, at: string) => number) => (items: unknown, at: string) =>
    listAt(items, at).map((item, i) => one(item, `${at}[${i}]`));
  return {
    positions: list('positions', whole(T - 1)),
    tokens: list('tokens', whole(V - 1)),
    confidence: list('confidence', number(1)),
    score: list('score', number(1)),
    entropy: list('entropy', number(most)),
    margin: list('margin', number(1)),
    best: list('best', lists(whole(V - 1))),
    probabilities: list('probabilities', lists(number(1))),
  };
}

/** Every step must be of the sequence that those before it left: masks are filled, only written tokens are undone. */
function expectReplay({ model, start, steps }: Trace, where: string): void {
  const isGiven = start.map((token) => token !== model.vocabulary);
  const isOpen = isGiven.map((given) => !given);
  steps.forEach(({ call, commits, remasks, edits, budget }, index) => {
    const at = `${where}: steps[${index}]`;
    const before = index === 0 ? 0 : steps[index - 1].call;
    if (call !== before && call !== before + 1) throw fault(`${at}.call`, `${before} or ${before + 1}`, call);
    if (budget.count !== commits.length) throw fault(`${at}.budget.count`, `${commits.length} commits`, budget.count);
    const wasOpen = isOpen.slice();
    for (const position of [...remasks, ...edits.map((edit) => edit.position)])
      if (isGiven[position] || wasOpen[position]) throw fault(at, 'undone tokens to be written ones', position);
    for (const position of remasks) isOpen[position] = true;
    for (const { position } of commits) {
      if (!wasOpen[position] || !isOpen[position]) throw fault(at, 'commits at masked positions, each once', position);
      isOpen[position] = false;
    }
  });
}

function objectAt(value: unknown, where: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(where, 'an object', value);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw fault(where, `only ${names.join(', ')}`, unknown);
  const missing = names.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new DataError(`${where}.${missing}: expected a value, got none`);
  return value as Record<string, unknown>;
}

function listAt(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw fault(where, `a list of at most ${most}`, value);
  return value;
}

function wholeAt(value: unknown, where: string, largest: number, least = 0): number {
  if (!Number.isInteger(value) || Number(value) < least || Number(value) > largest)
    throw fault(where, `a whole number from ${least} to ${largest}`, value);
  return Number(value);
}

function numberAt(value: unknown, where: string, largest: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= largest))
    throw fault(where, `a number from 0 to ${largest}`, value);
  return value;
}

function fault(where: string, expected: string, got: unknown): DataError {
  return new DataError(`${where}: expected ${expected}, got ${shown(got)}`);
}
