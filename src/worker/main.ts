/** The worker's entry: requests in, answers and telemetry out, typed arrays transferred. */
import { createEngine } from './engine.ts';
import { problemOf } from './problems.ts';
import type { Answer, CommandName, Commands, Request } from './protocol.ts';
import type { FromWorker } from './telemetry.ts';

const post = (message: FromWorker) => self.postMessage(message, { transfer: buffersIn(message) });

const engine = createEngine(post);

self.addEventListener('message', ({ data: request }: MessageEvent<Request>) => {
  void answer(request).then(post);
});

async function answer({ id, name, argument }: Request): Promise<Answer> {
  try {
    const handler = engine[name] as (argument: unknown) => Promise<Commands[CommandName]['answer']>;
    return { kind: 'answer', id, ok: true, value: await handler(argument) };
  } catch (error) {
    return { kind: 'answer', id, ok: false, problem: problemOf(error) };
  }
}

/** The buffers of typed arrays anywhere in a message: moved, not copied. */
function buffersIn(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) buffersIn(member, found);
  }
  return [...found];
}
