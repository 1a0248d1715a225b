/** Decoding as the page sees it: frames in order from the masked start, playback that ends, the window as the length. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import {
  adoptDecoder,
  advance,
  chooseDecoder,
  decode,
  decoderForAddress,
  editDecode,
  editDecoder,
  play,
  scrub,
  useDecode,
} from '../../src/store/decode.ts';
import { pickModel } from '../../src/store/models.ts';
import { editRouting, refreshRoutes, showLayer, useRouting } from '../../src/store/routing.ts';
import { shownModel, shownRef, useRun } from '../../src/store/run.ts';
import type { DecodeAnswer, DecodeFrame, DecodeReason, ModelReport, RouteReport } from '../../src/worker/protocol.ts';
import { libraryOf, model as plain, statusOf } from './facts.ts';
import { connected } from './testPort.ts';

const narrow = withSettings(presetExperiment('expert-choice'), { 'data.sequenceLength': 4 });
const model: ModelReport = { ...plain, experiment: narrow };

const frameAt = (call: number, committedAt: number[]): DecodeFrame => ({
  call,
  calls: 2,
  tokens: Uint32Array.from(committedAt, (at) => (at < 0 ? 2 : 1)),
  confidence: Float32Array.from(committedAt, (at) => (at < 0 ? Number.NaN : 0.5)),
  committedAt: Int32Array.from(committedAt),
});

/** Kept beside a frame as it came. */
const reason = { call: 1 } as DecodeReason;

/** A run in progress that has this model. */
const runOf = (own: ModelReport) => ({ run: 'now', model: own, status: statusOf('now') });

const fresh = useDecode.getState();
const initialRun = useRun.getState();
const freshRouting = useRouting.getState();
beforeEach(() => {
  useDecode.setState(fresh, true);
  useRouting.setState(freshRouting, true);
  useRun.setState(initialRun, true);
});

describe('decode', () => {
  it('takes the length and the calls of the window of the model', () => {
    connected();
    useRun.setState({ bundled: model });
    expect(useDecode.getState()).toMatchObject({ task: { length: 4 }, settings: { steps: 4 } });
    useRun.setState(runOf({ ...model, experiment: presetExperiment('dense') }));
    expect(useDecode.getState().task).toMatchObject({ length: 64 });
    pickModel('bundled');
    expect(useDecode.getState().task).toMatchObject({ length: 4 });
  });

  it('takes a decoder that fits the model, and keeps one that does', () => {
    connected();
    useRun.setState({ bundled: model });
    chooseDecoder('ancestral');
    useRun.setState(runOf({ ...model, experiment: presetExperiment('block-diffusion') }));
    expect(useDecode.getState().decoder).toBe('ancestral');
    useRun.setState({ model: { ...model, experiment: presetExperiment('ar-dense') } });
    expect(useDecode.getState().decoder).toBe('sampling');
    pickModel('bundled');
    expect(useDecode.getState().decoder).toBe('low-confidence');
  });

  it('asks the run as soon as there is one, until another model is picked', async () => {
    const { sent } = connected();
    useRun.setState({ bundled: model, library: libraryOf('a') });
    expect(shownRef(useRun.getState())).toBe('bundled');
    const own = { ...model };
    useRun.setState(runOf(own));
    expect(shownModel(useRun.getState())).toBe(own);
    void decode(own);
    const kept = { ...model };
    useRun.setState({ described: new Map([['run:a', kept]]) });
    for (const ref of ['bundled', 'run:a'] as const) {
      pickModel(ref);
      void decode(shownModel(useRun.getState())!);
    }
    expect(sent.map(({ argument }) => argument)).toMatchObject([
      { model: 'run:now' },
      { model: 'bundled' },
      { model: 'run:a' },
    ]);
    expect(useDecode.getState().model).toBe(kept);
  });

  it.each(['preparing', 'suspended'] as const)('asks no run that is %s', (phase) => {
    connected();
    useRun.setState({ ...runOf({ ...model }), bundled: model, status: statusOf('now', phase) });
    expect(shownModel(useRun.getState())).toBeNull();
    pickModel('bundled');
    expect(shownModel(useRun.getState())).toBe(model);
  });

  it('keeps the settings that the frames came from while others are entered', () => {
    connected();
    useRun.setState({ bundled: model });
    editDecoder('decode.seed', 7);
    void decode(model);
    editDecoder('decode.seed', 8);
    expect(useDecode.getState()).toMatchObject({ used: { seed: 7 }, settings: { seed: 8 } });
  });

  it('takes settings that fit together, and keeps the others with their sentence until they do', () => {
    const { sent } = connected();
    useRun.setState({ bundled: model });
    editDecoder('decode.budget', 'each');
    expect(useDecode.getState().settings.budget).toBe('quota');
    expect(useDecode.getState().invalid['decode.budget'].sentence).toMatch(/^decode\.order: expected random with /);
    editDecoder('decode.order', 'random');
    expect(useDecode.getState()).toMatchObject({ invalid: {}, settings: { budget: 'each', order: 'random' } });
    editDecoder('decode.span', 'blocks');
    editDecoder('decode.blockSize', '5');
    expect(useDecode.getState().invalid['decode.blockSize'].sentence).toMatch(/expected at most 4, .* got 5$/);
    editDecoder('decode.blockSize', '2');
    void decode(model);
    expect(sent[0]).toMatchObject({
      name: 'decode',
      argument: { decoder: 'low-confidence', changes: { 'decode.order': 'random', 'decode.blockSize': 2 } },
    });
  });

  it('blames the entry that was made last for what it contradicts', () => {
    chooseDecoder('ancestral');
    editDecoder('decode.revision', 'none');
    editDecoder('decode.topK', 3);
    editDecoder('decode.revision', 'edit');
    expect(Object.keys(useDecode.getState().invalid)).toEqual(['decode.revision']);
    expect(useDecode.getState().settings).toMatchObject({ revision: 'none', topK: 3 });
  });

  it('carries calls, temperature and seed to another decoder that reads them and leaves them open', () => {
    editDecoder('decode.temperature', 0.5);
    editDecoder('decode.seed', 9);
    editDecoder('decode.orderNoise', 0.3);
    chooseDecoder('threshold');
    expect(useDecode.getState().changes).toEqual({ 'decode.seed': 9 });
    chooseDecoder('entropy-bounded');
    expect(useDecode.getState().settings).toMatchObject({ temperature: 0.8, seed: 9, orderNoise: 0 });
    chooseDecoder('margin');
    expect(useDecode.getState().settings).toMatchObject({ temperature: 0.7, steps: 32, seed: 9 });
  });

  it('has for the address what a person changed, and starts from it', () => {
    expect(decoderForAddress()).toBeNull();
    adoptDecoder({ decoder: 'threshold', changes: { 'decode.tau': 0.8 }, problems: [] });
    expect(useDecode.getState().settings).toMatchObject({ budget: 'threshold', tau: 0.8, seed: 1 });
    expect(decoderForAddress()).toEqual({ decoder: 'threshold', changes: { 'decode.tau': 0.8 } });
    chooseDecoder('low-confidence');
    expect(decoderForAddress()).toBeNull();
    editDecoder('decode.steps', 8);
    expect(decoderForAddress()).toEqual({ decoder: 'low-confidence', changes: { 'decode.steps': 8 } });
  });

  it('asks for no more than the window holds', () => {
    const { sent } = connected();
    useRun.setState({ bundled: model });
    editDecode({ length: 64, prompt: 'b_' });
    void decode(model);
    expect(sent).toMatchObject([
      { name: 'decode', argument: { prompt: 'b_', length: 4, changes: { 'decode.steps': 4 } } },
    ]);
    expect(useDecode.getState()).toMatchObject({ busy: true, playing: true, frames: [], result: null });
  });

  it('shows the masked start, then every frame of its model, and plays to the end once', async () => {
    const { send, answer } = connected();
    useRun.setState({ bundled: model });
    const decoding = decode(model);
    // The last frame of the decode before, of the same model.
    send({ kind: 'frame', model: 'bundled', frame: frameAt(2, [0, 2, 1, 2]), reason });
    send({ kind: 'frame', model: 'bundled', frame: frameAt(0, [0, -1, -1, -1]), reason: null });
    send({ kind: 'frame', model: 'bundled', frame: frameAt(1, [0, -1, 1, -1]), reason });
    send({ kind: 'frame', model: 'run:other', frame: frameAt(1, [0, 1, 1, 1]), reason });
    send({ kind: 'frame', model: 'bundled', frame: frameAt(2, [0, 2, 1, 2]), reason });
    await vi.waitFor(() => expect(useDecode.getState().frames).toHaveLength(3));
    expect(useDecode.getState().reasons).toEqual([null, reason, reason]);
    const [start] = useDecode.getState().frames;
    expect(start.call).toBe(0);
    expect([...start.tokens]).toEqual([1, 2, 2, 2]);
    expect([...start.committedAt]).toEqual([0, -1, -1, -1]);
    advance();
    advance();
    advance();
    expect(useDecode.getState()).toMatchObject({ position: 2, playing: true });
    const result = { text: 'bbbb', calls: 2, tokensPerCall: 1.5 } as DecodeAnswer;
    await answer(result);
    await decoding;
    advance();
    expect(useDecode.getState()).toMatchObject({ position: 2, playing: false, busy: false });
    expect(useDecode.getState().result).toEqual(result);
    play();
    expect(useDecode.getState()).toMatchObject({ position: 0, playing: true });
    scrub(1);
    expect(useDecode.getState()).toMatchObject({ position: 1, playing: false });
    send({ kind: 'frame', model: 'bundled', frame: frameAt(2, [0, 2, 1, 2]), reason });
    expect(useDecode.getState().frames).toHaveLength(3);
  });
});

describe('routing', () => {
  const report = { layers: [0, 1] } as RouteReport;

  it('merges questions asked while one is under way into one that follows', async () => {
    const { sent, answer } = connected();
    useRun.setState({ bundled: model });
    const first = refreshRoutes();
    void refreshRoutes();
    void refreshRoutes();
    expect(sent).toHaveLength(1);
    await answer(report);
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    await answer(report);
    await first;
    expect(sent).toHaveLength(2);
    expect(useRouting.getState()).toMatchObject({ busy: false, model, report });
  });

  it('asks the model that is picked, with the masks that it knows', async () => {
    const { sent, answer } = connected();
    const autoregressive = { ...model, experiment: presetExperiment('ar-moe') };
    useRun.setState({ bundled: model, library: libraryOf('a'), described: new Map([['run:a', autoregressive]]) });
    const asking = editRouting({ maskRatio: 0.5, seed: 3 });
    expect(sent[0]).toMatchObject({ name: 'routes', argument: { model: 'bundled', maskRatio: 0.5, seed: 3 } });
    pickModel('run:a');
    const again = refreshRoutes();
    await answer(report);
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toMatchObject({ name: 'routes', argument: { model: 'run:a', maskRatio: 0, seed: 3 } });
    showLayer(1);
    await answer({ ...report, layers: [0] });
    await Promise.all([asking, again]);
    expect(useRouting.getState()).toMatchObject({ layer: 0, model: autoregressive });
  });

  it('does not ask a dense model', async () => {
    const { sent } = connected();
    useRun.setState({ bundled: { ...model, expertLayers: [] } });
    await refreshRoutes();
    expect(sent).toEqual([]);
    expect(useRouting.getState().report).toBeNull();
  });
});
