/** What a person is advised follows from the facts of an error, never from its words. */
import { expect, test } from 'vitest';
import { ConfigError, DataError, DeviceError, KernelError, StartError, StorageError } from '../../src/base/errors.ts';
import { problemOf } from '../../src/worker/problems.ts';

test.each([
  [new ConfigError('expected 1, got 2', { path: 'training.steps' }), 'config'],
  [new StartError('expected 1, got 2', { path: 'model.layers' }), 'start'],
  [new DataError('expected text, got none'), 'data'],
  [new DeviceError('GPU memory: words that decide nothing', 'lost'), 'device'],
  [new DeviceError('WebGPU device lost: words that decide nothing', 'memory'), 'memory'],
  [new DeviceError('WebGPU: expected an adapter, got none', 'none'), 'device'],
  [new KernelError('matmul.wgsl: expected it to compile, got line 3'), 'kernel'],
  [new StorageError('a.bin: expected room, got none'), 'storage'],
  [new RangeError('Array buffer allocation failed'), 'internal'],
  ['words', 'internal'],
])('%s is a problem of kind %s', (error, kind) => {
  const problem = problemOf(error);
  expect(problem.kind).toBe(kind);
  expect(problem.message).toBe(error instanceof Error ? error.message : error);
});
