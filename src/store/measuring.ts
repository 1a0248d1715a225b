/** What the engine measures of routes for the page: one thing at a time, with its progress. */
import { create } from 'zustand';
import type { Message } from '../worker/telemetry.ts';
import { ask, listen } from './session.ts';

export type MeasuringTask = Message<'routingProgress'>['task'];

export interface Measuring {
  task: MeasuringTask;
  /** Network calls done, of how many; 0 of 0 before the first. */
  done: number;
  of: number;
}

export const useMeasuring = create<{ now: Measuring | null }>(() => ({ now: null }));

let latest = 0;

/** Runs a measurement and shows how far it is, until it ends or another one begins. */
export async function startMeasuring<T>(task: MeasuringTask, measure: () => Promise<T>): Promise<T> {
  const mine = ++latest;
  useMeasuring.setState({ now: { task, done: 0, of: 0 } });
  const endListening = listen('routingProgress', ({ task: told, done, of }) => {
    if (mine === latest && told === task) useMeasuring.setState({ now: { task, done, of } });
  });
  try {
    return await measure();
  } finally {
    endListening();
    if (mine === latest) useMeasuring.setState({ now: null });
  }
}

/** Ends the measurement in progress. */
export async function cancelMeasuring(): Promise<void> {
  await ask('cancelRouting', {});
}
