/** The Decode view's state: what to decode, the frames that came back, and where the scrubber stands. */
import { create } from 'zustand';
import { type DecoderName, decodersFor, decodeSettings, factsOf } from '../config/decoders.ts';
import { type DecodeSettings, decodeDifferences, decodedModelOf, isRead } from '../config/decodeSettings.ts';
import type { Setting } from '../config/settings.ts';
import type { DecodeAnswer, DecodeFrame, DecodeReason, ModelReport } from '../worker/protocol.ts';
import type { AskedDecoder } from './decodeQuery.ts';
import { shownModel, shownRef, useRun } from './run.ts';
import { ask, listen } from './session.ts';
import { type InvalidEntry, settle } from './settle.ts';

/** Besides the decoder: what to decode. Which model answers is `shownRef`. */
export interface DecodeTask {
  prompt: string;
  length: number;
}

export interface DecodeState {
  task: DecodeTask;
  decoder: DecoderName;
  /** What differs from the decoder's own settings, by path. */
  changes: Readonly<Record<string, Setting>>;
  /** The decoder with the changes that fit. */
  settings: DecodeSettings;
  /** Entries that do not fit, by path; they are tried again with every later edit. */
  invalid: Readonly<Record<string, InvalidEntry>>;
  /** One frame per step so far, the masked start first; replaced, never changed in place. */
  frames: readonly DecodeFrame[];
  /** Why each frame became what it is. */
  reasons: readonly DecodeReason[];
  /** Index of the frame on show. */
  position: number;
  playing: boolean;
  busy: boolean;
  result: DecodeAnswer | null;
  /** What the frames were decoded with. */
  used: DecodeSettings;
  /** The model whose vocabulary the frames are written in. */
  model: ModelReport | null;
}

/** What the page asks for before anybody changes it: calmer than the model's own distribution, and half the calls. */
const firstChanges = { 'decode.steps': 32, 'decode.temperature': 0.7 } as const;
/** What another decoder takes over, where it reads it and its own settings leave it open. */
const carried = ['decode.steps', 'decode.temperature', 'decode.seed'] as const;

export const useDecode = create<DecodeState>(() => ({
  task: { prompt: '', length: 64 },
  decoder: 'low-confidence',
  changes: firstChanges,
  settings: decodeSettings('low-confidence', firstChanges),
  invalid: {},
  frames: [],
  reasons: [],
  position: 0,
  playing: false,
  busy: false,
  result: null,
  used: decodeSettings('low-confidence', firstChanges),
  model: null,
}));

/** Changes what the next decode will be of. */
export function editDecode(changes: Partial<DecodeTask>): void {
  useDecode.setState(({ task }) => ({ task: { ...task, ...changes } }));
}

/** Changes one setting of the decoder; an entry that does not fit is kept beside it with its sentence. */
export function editDecoder(path: string, entry: Setting): void {
  const { decoder, changes, invalid } = useDecode.getState();
  const entries: Record<string, Setting> = { ...changes };
  for (const [other, { entry: kept }] of Object.entries(invalid)) entries[other] = kept;
  delete entries[path];
  entries[path] = entry;
  take(decoder, entries);
}

/** Takes a decoder as it is, with the calls, the temperature and the seed of the last one. */
export function chooseDecoder(decoder: DecoderName): void {
  const { settings, changes } = useDecode.getState();
  const own = decodeSettings(decoder);
  const kept = carried.filter((path) => isRead(own, path) && !(nameOf(path) in factsOf(decoder).settings));
  // What the last decoder did not read it has no say in: the page's own choice stands.
  const values = { ...firstChanges, ...changes, 'decode.seed': settings.seed } as Record<string, Setting>;
  take(decoder, Object.fromEntries(kept.map((path) => [path, values[path]])));
}

/** Starts from the decoder that an address asks for. */
export function adoptDecoder({ decoder, changes }: AskedDecoder): void {
  const wanted = decoder ?? useDecode.getState().decoder;
  if (decoder !== null) chooseDecoder(decoder);
  if (Object.keys(changes).length > 0) take(wanted, { ...useDecode.getState().changes, ...changes });
}

/** What an address carries: null where nothing differs from what the page asks for by itself. */
export function decoderForAddress(): { decoder: DecoderName; changes: Record<string, Setting> } | null {
  const { decoder, settings } = useDecode.getState();
  const [first] = decodersFor(factsOf(decoder).fits[0]);
  const plain = plainSettings(decoder);
  const changes = decodeDifferences(settings, plain);
  return decoder === first && Object.keys(changes).length === 0 ? null : { decoder, changes };
}

/** The settings of a decoder with what the page changes of each. */
export function plainSettings(decoder: DecoderName): DecodeSettings {
  const own = factsOf(decoder).settings;
  const free = Object.entries(firstChanges).filter(([path]) => !(nameOf(path) in own));
  return decodeSettings(decoder, Object.fromEntries(free));
}

function nameOf(path: string): string {
  return path.slice(path.indexOf('.') + 1);
}

/** Takes a decoder with as many of the entries as fit together and fit the model on show. */
function take(decoder: DecoderName, entries: Readonly<Record<string, Setting>>): void {
  const model = shownModel(useRun.getState());
  const of = model ? decodedModelOf(model.experiment) : null;
  const build = (fitting: Readonly<Record<string, Setting>>) => decodeSettings(decoder, fitting, of);
  const { value, applied, invalid } = settle(build, entries);
  useDecode.setState({ decoder, changes: applied, settings: value, invalid });
}

/** Another model brings its own window as the length, and decoders that fit it. */
function fitModel({ experiment: { data, objective } }: ModelReport): void {
  const length = data.sequenceLength;
  const { decoder, changes, settings } = useDecode.getState();
  useDecode.setState(({ task }) => ({ task: { ...task, length } }));
  const fitting = decodersFor(objective.kind);
  if (!fitting.includes(decoder)) {
    chooseDecoder(fitting[0]);
    return;
  }
  const isSpread = isRead(settings, 'decode.steps');
  take(decoder, isSpread ? { ...changes, 'decode.steps': Math.min(settings.steps, length) } : changes);
}

useRun.subscribe((now, before) => {
  const model = shownModel(now);
  if (model && model !== shownModel(before)) fitModel(model);
});

/** Decodes; frames are shown as they come. `length` is cut to the model's window. */
export async function decode(model: ModelReport): Promise<void> {
  const { task, decoder, settings } = useDecode.getState();
  const ref = shownRef(useRun.getState());
  const length = Math.min(task.length, model.experiment.data.sequenceLength);
  const empty = { frames: [], reasons: [], position: 0, result: null };
  useDecode.setState({ ...empty, playing: true, busy: true, used: settings, model });
  const arrived: DecodeFrame[] = [];
  const reasons: DecodeReason[] = [];
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    useDecode.setState({ frames: arrived.slice(), reasons: reasons.slice() });
  };
  const endListening = listen('frame', ({ model: of, frame, reason }) => {
    // Before its start come the last frames of the decode that this one takes the place of.
    if (of !== ref || (arrived.length === 0 && reason !== null)) return;
    arrived.push(frame);
    reasons.push(reason);
    if (scheduled) return;
    scheduled = true;
    setTimeout(flush, 50);
  });
  const changes = decodeDifferences(settings, decodeSettings(decoder));
  const result = await ask('decode', { model: ref, decoder, changes, prompt: task.prompt, length });
  endListening();
  useDecode.setState({ frames: arrived.slice(), reasons: reasons.slice(), busy: false, result });
}

/** Ends the decode in progress; the frames so far stay. */
export async function cancelDecode(): Promise<void> {
  await ask('cancelDecode', {});
}

/** Shows one frame and stops playing. */
export function scrub(position: number): void {
  useDecode.setState({ position, playing: false });
}

/** Plays on, or from the start if the end is on show. */
export function play(): void {
  useDecode.setState(({ position, frames }) => ({
    playing: true,
    position: position >= frames.length - 1 ? 0 : position,
  }));
}

/** One frame further; stops at the end of a decode that is complete. */
export function advance(): void {
  useDecode.setState(({ position, frames, busy }) =>
    position < frames.length - 1 ? { position: position + 1 } : { playing: busy },
  );
}

/** The trace of a decode as JSON, as `parseTrace` reads it. */
export function traceText({ trace }: DecodeAnswer, reasons: readonly DecodeReason[]): string {
  return `${JSON.stringify({ ...trace, steps: reasons.filter((reason) => reason !== null) })}\n`;
}
