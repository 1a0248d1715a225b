/** Facts beside the sentences: what code decides by, and that a sentence begins with its path exactly once. */
import { expect, test } from 'vitest';
import {
  ConfigError,
  configurationOf,
  DataError,
  DeviceError,
  namingText,
  StartError,
  unnamedText,
} from '../../src/base/errors.ts';

function thrownBy(read: () => unknown): Error {
  try {
    read();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, got none');
}

const fail = (error: Error) => () => {
  throw error;
};

test.each([ConfigError, StartError, DataError])('%o: the sentence begins with the path, and both are kept', (Type) => {
  const placed = new Type('expected 1, got 2', { path: 'training.steps' });
  expect(placed).toMatchObject({ message: 'training.steps: expected 1, got 2', path: 'training.steps' });
  expect(new Type('seeds: expected 1, got 2')).toMatchObject({ message: 'seeds: expected 1, got 2', path: null });
});

test('a device error says what is wrong with the device', () => {
  expect(new DeviceError('WebGPU: expected an adapter, got none', 'none').reason).toBe('none');
});

test('a fault in a text is told with the name of its file, and no other fault is', () => {
  const unknown = new DataError('expected letters, got "7"', { path: unnamedText });
  expect(unknown.message).toBe('text: expected letters, got "7"');
  // A name with the signs that a replacement by pattern would take for its own.
  const named = thrownBy(() => namingText('$1 $& text: a.txt', fail(unknown)));
  expect(named).toBeInstanceOf(DataError);
  expect(named).toMatchObject({ message: '$1 $& text: a.txt: expected letters, got "7"', path: '$1 $& text: a.txt' });
  const others = [
    new DataError('text: expected a sentence of the same beginning, got no fact'),
    new DataError('expected a line, got none', { path: 'b.txt' }),
    new ConfigError('expected 4, got 2', { path: unnamedText }),
    new RangeError('text'),
  ];
  for (const other of others) expect(thrownBy(() => namingText('a.txt', fail(other)))).toBe(other);
  expect(namingText('a.txt', () => 3)).toBe(3);
});

test('a configuration that cannot be used is a fault of its file', () => {
  const broken = new ConfigError('expected 4, got 2', { path: 'model.heads' });
  const told = thrownBy(() => configurationOf('config.json', fail(broken)));
  expect(told).toBeInstanceOf(DataError);
  expect(told).toMatchObject({ message: 'config.json: model.heads: expected 4, got 2', path: 'config.json' });
  const other = new DataError('expected JSON, got nothing', { path: 'config.json' });
  expect(thrownBy(() => configurationOf('config.json', fail(other)))).toBe(other);
});
