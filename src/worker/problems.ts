/** From an error to words: what happened, and what a person can do about it. */
import {
  ConfigError,
  DataError,
  DeviceError,
  KernelError,
  ShapeError,
  StartError,
  StorageError,
} from '../base/errors.ts';
import type { Problem } from './protocol.ts';

const actions: Record<Problem['kind'], string> = {
  config: 'Change the setting that the sentence names.',
  start: 'Press “Take its model settings” under “Start from”, or choose fresh weights.',
  data: 'Take another text or file.',
  device: 'Training goes on from the last snapshot as soon as a device opens; else switch to the CPU backend.',
  memory: 'Make the batch, the window or the model smaller, or switch to the CPU backend.',
  kernel: 'Switch to the CPU backend, and report the sentence: it is a defect of this program or of the driver.',
  storage: 'Training goes on all the same; take what you need away as a file before the page is closed.',
  notice: 'Pin what must stay, or raise the budget, under “Models on this machine” in Compare.',
  internal: 'Reload the page. If it happens again, report the sentence.',
};

/** The problem that an error stands for. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const kind = kindOf(error);
  return { kind, message, action: actions[kind] };
}

/** Something that a person should hear of, though nothing failed. */
export function noticeOf(message: string, action: string = actions.notice): Problem {
  return { kind: 'notice', message, action };
}

function kindOf(error: unknown): Problem['kind'] {
  if (error instanceof StartError) return 'start';
  if (error instanceof ConfigError) return 'config';
  if (error instanceof DataError) return 'data';
  if (error instanceof DeviceError) return error.reason === 'memory' ? 'memory' : 'device';
  if (error instanceof KernelError || error instanceof ShapeError) return 'kernel';
  if (error instanceof StorageError) return 'storage';
  return 'internal';
}
