/** A port whose other end is the test: it sees the requests and sends what it likes. */
import { createEngine, type EnginePort } from '../../src/store/engine.ts';
import { connect } from '../../src/store/session.ts';
import type { Request } from '../../src/worker/protocol.ts';
import type { FromWorker } from '../../src/worker/telemetry.ts';

export function testPort() {
  const listeners = new Map<string, (event: unknown) => void>();
  const sent: Request[] = [];
  const port = {
    postMessage: (message: Request) => sent.push(message),
    addEventListener: (kind: string, listener: (event: unknown) => void) => listeners.set(kind, listener),
  } as unknown as EnginePort;
  return {
    port,
    sent,
    send: (data: FromWorker) => listeners.get('message')?.({ data }),
    crash: (message: string) => listeners.get('error')?.({ message }),
  };
}

/** The page connected to such a port; `answer` answers the last request. */
export function connected() {
  const test = testPort();
  connect(createEngine(test.port));
  const answer = async (value: Extract<FromWorker, { kind: 'answer'; ok: true }>['value']) => {
    const last = test.sent[test.sent.length - 1];
    test.send({ kind: 'answer', id: last.id, ok: true, value });
    await Promise.resolve();
  };
  const refuse = (message: string) => {
    const last = test.sent[test.sent.length - 1];
    test.send({ kind: 'answer', id: last.id, ok: false, problem: { kind: 'data', message, action: 'Try again.' } });
  };
  return { ...test, answer, refuse };
}
