/** The Decode view's state: what to decode, the frames that came back, and where the scrubber stands. */
import { create } from 'zustand';
import { decodersFor } from '../config/decoders.ts';
import type { DecodeFrame, DecodeRequest, ModelReport } from '../worker/protocol.ts';
import { shownModel, shownRef, useRun } from './run.ts';
import { ask, listen } from './session.ts';

export interface DecodeResult {
  text: string;
  calls: number;
  tokensPerCall: number;
}

/** What is asked for; which model answers is `shownRef`. */
export type DecodeSettings = Omit<DecodeRequest, 'model'>;

export interface DecodeState {
  request: DecodeSettings;
  /** One frame per network call so far, the masked start first; replaced, never changed in place. */
  frames: readonly DecodeFrame[];
  /** Index of the frame on show. */
  position: number;
  playing: boolean;
  busy: boolean;
  result: DecodeResult | null;
  /** The model whose vocabulary the frames are written in. */
  model: ModelReport | null;
}

export const useDecode = create<DecodeState>(() => ({
  request: {
    decoder: 'confidence',
    steps: 32,
    temperature: 0.7,
    topK: 10,
    topP: 0.9,
    prompt: '',
    length: 64,
    seed: 1,
  },
  frames: [],
  position: 0,
  playing: false,
  busy: false,
  result: null,
  model: null,
}));

/** Changes what the next decode will do. */
export function editDecode(changes: Partial<DecodeSettings>): void {
  useDecode.setState(({ request }) => ({ request: { ...request, ...changes } }));
}

/** Another model brings its own window as the length, and decoders that fit it. */
function fitModel({ experiment: { data, objective } }: ModelReport): void {
  const length = data.sequenceLength;
  const fitting = decodersFor(objective.kind);
  useDecode.setState(({ request }) => {
    const decoder = fitting.includes(request.decoder) ? request.decoder : fitting[0];
    return { request: { ...request, length, decoder, steps: Math.min(request.steps, length) } };
  });
}

useRun.subscribe((now, before) => {
  const model = shownModel(now);
  if (model && model !== shownModel(before)) fitModel(model);
});

/** Decodes; frames are shown as they come. `length` and `steps` are cut to the model's window. */
export async function decode(model: ModelReport): Promise<void> {
  const { request } = useDecode.getState();
  const ref = shownRef(useRun.getState());
  const length = Math.min(request.length, model.experiment.data.sequenceLength);
  useDecode.setState({ frames: [], position: 0, playing: true, busy: true, result: null, model });
  const arrived: DecodeFrame[] = [];
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    useDecode.setState({ frames: arrived.slice() });
  };
  const endListening = listen('frame', ({ model: of, frame }) => {
    if (of !== ref) return;
    if (arrived.length === 0 && frame.call > 0) arrived.push(startOf(frame, model.maskId));
    arrived.push(frame);
    if (scheduled) return;
    scheduled = true;
    setTimeout(flush, 50);
  });
  const result = await ask('decode', { ...request, model: ref, length, steps: Math.min(request.steps, length) });
  endListening();
  useDecode.setState({ frames: arrived.slice(), busy: false, result });
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

/** The state before the first network call: what was given, and masks. */
function startOf(frame: DecodeFrame, maskId: number): DecodeFrame {
  const isGiven = (position: number) => frame.committedAt[position] === 0;
  return {
    call: 0,
    calls: frame.calls,
    tokens: frame.tokens.map((token, position) => (isGiven(position) ? token : maskId)),
    confidence: frame.confidence.map((value, position) => (isGiven(position) ? value : Number.NaN)),
    committedAt: frame.committedAt.map((_, position) => (isGiven(position) ? 0 : -1)),
  };
}
