/** Decoding as the page sees it: frames in order from the masked start, playback that ends, the window as the length. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { advance, decode, editDecode, play, scrub, useDecode } from '../../src/store/decode.ts';
import type { Engine, Outcome } from '../../src/store/engine.ts';
import { refreshRoutes, useRouting } from '../../src/store/routing.ts';
import { pickWeights, shownModel, shownWeights, useRun } from '../../src/store/run.ts';
import { connect } from '../../src/store/session.ts';
import type { DecodeFrame, ModelReport, RunStatus } from '../../src/worker/protocol.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';

const model: ModelReport = {
  experiment: withSettings(presetExperiment('expert-choice'), { 'data.sequenceLength': 4 }),
  vocabulary: ['a', 'b', '[MASK]'],
  maskId: 2,
  expertLayers: [0, 1],
  parameters: { total: 1, active: 1 },
  trainFlopsPerToken: 1,
  inferenceFlopsPerToken: 1,
  split: '',
  windowsPerEpoch: null,
  floorBpc: null,
};

/** An engine whose answers the test gives, one request after the other. */
function testEngine() {
  const requests: { name: string; argument: unknown; answer: (value: unknown) => void }[] = [];
  let listeners: ((telemetry: Telemetry) => void)[] = [];
  const engine = {
    request: (name: string, argument: unknown) =>
      new Promise<Outcome<unknown>>((resolve) => {
        requests.push({ name, argument, answer: (value) => resolve({ ok: true, value }) });
      }),
    subscribe: (listener: (telemetry: Telemetry) => void) => {
      listeners.push(listener);
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
  } as unknown as Engine;
  return {
    engine,
    requests,
    emit: (telemetry: Telemetry) => listeners.forEach((listener) => void listener(telemetry)),
  };
}

const frameAt = (call: number, committedAt: number[]): DecodeFrame => ({
  call,
  calls: 2,
  tokens: Uint32Array.from(committedAt, (at) => (at < 0 ? 2 : 1)),
  confidence: Float32Array.from(committedAt, (at) => (at < 0 ? Number.NaN : 0.5)),
  committedAt: Int32Array.from(committedAt),
});

const fresh = useDecode.getState();
beforeEach(() => {
  useDecode.setState(fresh, true);
  useRun.setState({ pretrained: null, model: null, pickedWeights: null, status: null });
});

describe('decode', () => {
  it('takes the length and the calls of the window of the weights', () => {
    useRun.setState({ pretrained: model });
    expect(useDecode.getState().request).toMatchObject({ length: 4, steps: 4 });
    const wide = { ...model, experiment: presetExperiment('dense') };
    useRun.setState({ model: wide });
    expect(useDecode.getState().request).toMatchObject({ length: 64 });
    pickWeights('pretrained');
    expect(useDecode.getState().request).toMatchObject({ length: 4 });
  });

  it('takes a decoder that fits the weights, and keeps one that does', () => {
    useRun.setState({ pretrained: model });
    editDecode({ decoder: 'ancestral' });
    useRun.setState({ model: { ...model, experiment: presetExperiment('block-diffusion') } });
    expect(useDecode.getState().request.decoder).toBe('ancestral');
    useRun.setState({ model: { ...model, experiment: presetExperiment('ar-dense') } });
    expect(useDecode.getState().request.decoder).toBe('sampling');
    pickWeights('pretrained');
    expect(useDecode.getState().request.decoder).toBe('confidence');
  });

  it('asks the weights of the run as soon as there are some, until others are picked', async () => {
    const { engine, requests } = testEngine();
    connect(engine);
    useRun.setState({ pretrained: model });
    expect(shownWeights(useRun.getState())).toBe('pretrained');
    const own = { ...model };
    useRun.setState({ model: own });
    expect(shownModel(useRun.getState())).toBe(own);
    void decode(own);
    pickWeights('pretrained');
    void decode(model);
    expect(requests).toMatchObject([{ argument: { weights: 'run' } }, { argument: { weights: 'pretrained' } }]);
  });

  it('asks no run that is being prepared', () => {
    const status = { phase: 'preparing' } as RunStatus;
    useRun.setState({ pretrained: model, model: { ...model }, status });
    expect(shownModel(useRun.getState())).toBeNull();
    pickWeights('pretrained');
    expect(shownModel(useRun.getState())).toBe(model);
  });

  it('shows the masked start, then every frame, and plays to the end once', async () => {
    const { engine, requests, emit } = testEngine();
    connect(engine);
    useRun.setState({ pretrained: model });
    const decoding = decode(model);
    emit({ kind: 'frame', frame: frameAt(1, [0, -1, 1, -1]) });
    emit({ kind: 'frame', frame: frameAt(2, [0, 2, 1, 2]) });
    await vi.waitFor(() => expect(useDecode.getState().frames).toHaveLength(3));
    const [start] = useDecode.getState().frames;
    expect(start.call).toBe(0);
    expect([...start.tokens]).toEqual([1, 2, 2, 2]);
    expect([...start.committedAt]).toEqual([0, -1, -1, -1]);
    advance();
    advance();
    advance();
    expect(useDecode.getState()).toMatchObject({ position: 2, playing: true });
    requests[0].answer({ text: 'bbbb', calls: 2, tokensPerCall: 1.5 });
    await decoding;
    advance();
    expect(useDecode.getState()).toMatchObject({ position: 2, playing: false, busy: false, result: { calls: 2 } });
    play();
    expect(useDecode.getState()).toMatchObject({ position: 0, playing: true });
    scrub(1);
    expect(useDecode.getState()).toMatchObject({ position: 1, playing: false });
    emit({ kind: 'frame', frame: frameAt(2, [0, 2, 1, 2]) });
    expect(useDecode.getState().frames).toHaveLength(3);
  });
});

describe('routing', () => {
  it('merges questions asked while one is under way into one that follows', async () => {
    const { engine, requests } = testEngine();
    connect(engine);
    useRun.setState({ pretrained: model });
    const first = refreshRoutes();
    void refreshRoutes();
    void refreshRoutes();
    expect(requests).toHaveLength(1);
    requests[0].answer({ layers: [0, 1] });
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    requests[1].answer({ layers: [0, 1] });
    await first;
    expect(requests).toHaveLength(2);
    expect(useRouting.getState()).toMatchObject({ busy: false, model });
  });

  it('does not ask a dense model', async () => {
    const { engine, requests } = testEngine();
    connect(engine);
    useRun.setState({ pretrained: { ...model, expertLayers: [] } });
    await refreshRoutes();
    expect(requests).toEqual([]);
    expect(useRouting.getState().report).toBeNull();
  });
});
