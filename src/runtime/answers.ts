/**
 * Waiting for what a queue answers. Firefox looks for finished work every 100 ms, and whenever something is submitted;
 * with three steps in flight it would train 30 steps per second on any adapter. So a queue that is slow to answer gets
 * empty submits while somebody waits (measured in Firefox ESR 153 on SwiftShader: 9 ms in place of 100).
 */
import { type Clock, systemClock } from '../base/clock.ts';

export interface Answers {
  /** The same promise, resolved sooner where the queue is slow to answer. */
  wait<T>(answer: Promise<T>): Promise<T>;
}

/** An idle queue that takes longer than this, in milliseconds, is asked again every so often. */
const slowAnswer = 20;
const askAgainAfter = 4;

type Queue = Pick<GPUQueue, 'submit' | 'onSubmittedWorkDone'>;

/** Times the answer of an idle queue, twice: the quicker one counts. `sleep` takes milliseconds. */
export async function createAnswers(
  queue: Queue,
  now: Clock = systemClock,
  sleep: (milliseconds: number) => Promise<void> = (milliseconds) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds)),
): Promise<Answers> {
  let latency = Number.POSITIVE_INFINITY;
  for (let probe = 0; probe < 2 && latency > slowAnswer; probe++) {
    const start = now();
    queue.submit([]);
    await queue.onSubmittedWorkDone();
    latency = Math.min(latency, now() - start);
  }
  if (latency <= slowAnswer) return { wait: (answer) => answer };

  let waiting = 0;
  let isAsking = false;
  const askWhileWaiting = async () => {
    if (isAsking) return;
    isAsking = true;
    while (waiting > 0) {
      await sleep(askAgainAfter);
      if (waiting > 0) queue.submit([]);
    }
    isAsking = false;
  };
  return {
    wait: (answer) => {
      waiting += 1;
      void askWhileWaiting();
      return answer.finally(() => {
        waiting -= 1;
      });
    },
  };
}
