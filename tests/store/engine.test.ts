/** The engine as the page's stores call it: every request meets its answer, also where the worker dies. */
import { describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../src/store/engine.ts';
import { testPort } from './testPort.ts';

describe('engine client', () => {
  it('gives each request its own answer, in whatever order they come', async () => {
    const { port, sent, send } = testPort();
    const engine = createEngine(port);
    const first = engine.request('pace', { delay: 1 });
    const second = engine.request('pace', { delay: 2 });
    send({ kind: 'answer', id: sent[1].id, ok: true, value: { delay: 2 } });
    send({ kind: 'answer', id: sent[0].id, ok: true, value: { delay: 1 } });
    expect(await first).toEqual({ ok: true, value: { delay: 1 } });
    expect(await second).toEqual({ ok: true, value: { delay: 2 } });
  });

  it('tells each message to those who listen for its kind, until they end it', () => {
    const { port, send } = testPort();
    const engine = createEngine(port);
    const [heard, also, other] = [vi.fn(), vi.fn(), vi.fn()];
    const end = engine.on('device', heard);
    engine.on('device', also);
    engine.on('status', other);
    send({ kind: 'device', backend: 'gpu' });
    expect(heard).toHaveBeenCalledExactlyOnceWith({ kind: 'device', backend: 'gpu' });
    end();
    send({ kind: 'device', backend: 'cpu' });
    expect([heard, also, other].map(({ mock }) => mock.calls.length)).toEqual([1, 2, 0]);
  });

  it('answers open and later requests with the problem when the worker dies', async () => {
    const { port, crash } = testPort();
    const engine = createEngine(port);
    const heard = vi.fn();
    engine.on('problem', heard);
    const waiting = engine.request('pause', {});
    crash('out of stack');
    expect(await waiting).toMatchObject({ ok: false, problem: { kind: 'internal' } });
    expect(await engine.request('resume', {})).toMatchObject({ ok: false });
    expect(heard).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ kind: 'problem' }));
  });
});
