/**
 * The few error classes of the project, and how their sentences write values. Every message reads
 * `where: expected X, got Y`, so that a person can act on it without a stack trace.
 */

/** A tensor of the wrong shape or element type reached an op. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** A configuration value is unknown, out of range or contradicts another. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A configuration does not fit the weights that it is to start from. */
export class StartError extends ConfigError {}

/** A WGSL module or pipeline did not compile, or its declaration and its launch disagree. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}

/** There is no adapter, the device was lost, or memory ran out. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** Text, tokens or a checkpoint that cannot be used. */
export class DataError extends Error {
  override readonly name = 'DataError';
}

/** The browser keeps nothing for this page, or has no room left. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** A value of unknown kind as a message shows it: JSON, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** A count with commas: 1234567 -> "1,234,567". */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
