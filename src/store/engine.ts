/**
 * A typed client around the engine's worker: one promise per request, telemetry to subscribers.
 * Not here: what the page does with the answers (`session.ts`).
 */
import type { Answer, CommandName, Commands, Problem, Request } from '../worker/protocol.ts';
import type { FromWorker, Message, MessageKind, Telemetry } from '../worker/telemetry.ts';

/** A request never throws: a failure is a value, with what a person can do about it. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export interface Engine {
  request<N extends CommandName>(name: N, argument: Commands[N]['argument']): Promise<Outcome<Commands[N]['answer']>>;
  /** Calls `listener` for every message of a kind; the returned function ends that. */
  on<K extends MessageKind>(kind: K, listener: (message: Message<K>) => void): () => void;
}

/** The part of `Worker` that the client uses, so that a test can stand in for it. */
export type EnginePort = Pick<Worker, 'postMessage' | 'addEventListener'>;

/** Starts the engine's worker. The only place that knows where it lives. */
export function startWorker(): Worker {
  return new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'engine' });
}

/** Speaks the protocol over a port. If the worker dies, every open and later request is answered with a problem. */
export function createEngine(port: EnginePort): Engine {
  const open = new Map<number, (outcome: Outcome<Commands[CommandName]['answer']>) => void>();
  const listeners = new Map<MessageKind, Set<(telemetry: Telemetry) => void>>();
  const tell = (telemetry: Telemetry) => {
    for (const listener of listeners.get(telemetry.kind) ?? []) listener(telemetry);
  };
  let lastId = 0;
  let dead: Problem | null = null;

  function fail(message: string): void {
    dead = { kind: 'internal', message, action: 'Reload the page. If it happens again, try the other backend.' };
    for (const resolve of open.values()) resolve({ ok: false, problem: dead });
    open.clear();
    tell({ kind: 'problem', problem: dead });
  }

  port.addEventListener('message', (event) => {
    const message = (event as MessageEvent<FromWorker>).data;
    if (message.kind !== 'answer') {
      tell(message);
      return;
    }
    open.get(message.id)?.(outcomeOf(message));
    open.delete(message.id);
  });
  port.addEventListener('error', (event) => {
    fail(`The engine stopped: ${(event as ErrorEvent).message || 'its script could not be loaded'}.`);
  });
  port.addEventListener('messageerror', () => fail('The engine sent a message that could not be read.'));

  return {
    request(name, argument) {
      if (dead) return Promise.resolve({ ok: false, problem: dead });
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        // The worker answers with the type of the command that carries this id.
        open.set(id, resolve as (outcome: Outcome<Commands[CommandName]['answer']>) => void);
        port.postMessage({ kind: 'request', id, name, argument } as Request);
      });
    },
    on(kind, listener) {
      const some = listeners.get(kind) ?? new Set();
      listeners.set(kind, some);
      // Only messages of its own kind reach a listener.
      const heard = listener as unknown as (telemetry: Telemetry) => void;
      some.add(heard);
      return () => some.delete(heard);
    },
  };
}

function outcomeOf(answer: Answer): Outcome<Commands[CommandName]['answer']> {
  return answer.ok ? { ok: true, value: answer.value } : { ok: false, problem: answer.problem };
}
