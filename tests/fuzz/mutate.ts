/**
 * Odd inputs made of sound ones: seeded, so that a case can be made again, and aware of what it changes (JSON by its
 * values, safetensors by header and data), so that most cases get past the first check.
 */
import { pcg4d } from '../../src/base/random.ts';

export interface Dice {
  /** A whole number from 0 to below the bound. */
  below(bound: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in one of `n` cases. */
  oneIn(n: number): boolean;
}

/** Dice that fall alike for the same three numbers. */
export function diceOf(seed: number, kind: number, index: number): Dice {
  let rolls = 0;
  const below = (bound: number) => Math.floor((pcg4d(seed, kind, index, ++rolls)[0] / 2 ** 32) * bound);
  return { below, pick: (list) => list[below(list.length)], oneIn: (n) => below(n) === 0 };
}

/** JSON text that no value gives. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object as its entries, so that a key may come twice. */
class Entries {
  readonly list: [string, unknown][];
  constructor(list: [string, unknown][]) {
    this.list = list;
  }
}

const strings = [
  ...['', ' ', '_', '\\', '__proto__', 'constructor', 'toString', 'F16', 'BF16', 'F64', '<|mask|>', '=1+1', 'NaN'],
  ...['\u0000', 'a\nb', '\r\n', '\u202e', '\ud800', '\udc00a', '\ufeff', '😀', '日本', '\u{10ffff}', 'a'.repeat(300)],
];
const numbers = [0, -0, 1, -1, 2, 0.5, 255, 256, 65536, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 53 + 2, 1e300, -1e300];
const raws = ['1e999', '-1e999', '01', 'NaN', 'undefined', "'a'", '1e-400', '-', '', '\\', '"\\x"', '"\\ud800"'];

function oddValue(dice: Dice): unknown {
  switch (dice.below(8)) {
    case 0:
      return dice.pick([null, true, false]);
    case 1:
      return dice.pick(strings);
    case 2:
    case 3:
      return dice.pick(numbers);
    case 4:
      return dice.pick<unknown>([[], {}, [[]], { a: {} }, [null], ['a', 'b'], [0, 4], { length: 3 }]);
    case 5:
      return new Raw(dice.pick(raws));
    case 6: {
      const depth = dice.pick([10, 63, 64, 65, 300, 20_000]);
      const [open, close] = dice.pick([
        ['[', ']'],
        ['{"a":', '}'],
      ]);
      return new Raw(`${open.repeat(depth)}1${dice.oneIn(3) ? '' : close.repeat(depth)}`);
    }
    default:
      // Rarely, as it takes its time.
      return dice.oneIn(20) ? new Array(100_000).fill(dice.pick<unknown>([0, 'a', null])) : new Array(40).fill(0);
  }
}

/** A value with one part of it changed, as something for `jsonOf`. */
function changed(value: unknown, dice: Dice): unknown {
  const isWalked = typeof value === 'object' && value !== null && !(value instanceof Raw);
  if (!isWalked || dice.oneIn(4)) return isWalked && dice.oneIn(2) ? rearranged(value, dice) : oddValue(dice);
  if (Array.isArray(value)) {
    if (value.length === 0) return [oddValue(dice)];
    const at = dice.below(value.length);
    return value.map((part, i) => (i === at ? changed(part, dice) : part));
  }
  const list = entriesOf(value);
  if (list.length === 0) return { [dice.pick(strings)]: oddValue(dice) };
  const at = dice.below(list.length);
  return new Entries(list.map(([name, part], i) => [name, i === at ? changed(part, dice) : part]));
}

/** The same parts, one of them gone, twice, elsewhere or beside a new one. */
function rearranged(value: object, dice: Dice): unknown {
  const list: unknown[] = Array.isArray(value) ? [...value] : [...entriesOf(value)];
  const rest = (made: unknown[]) => (Array.isArray(value) ? made : new Entries(made as [string, unknown][]));
  const at = dice.below(list.length + 1);
  const part = Array.isArray(value) ? oddValue(dice) : [dice.pick(strings), oddValue(dice)];
  switch (dice.below(4)) {
    case 0:
      return rest(list.filter((_, i) => i !== at));
    case 1:
      return rest([...list, ...list.slice(at, at + 1)]);
    case 2:
      return rest([...list.slice(at), ...list.slice(0, at)]);
    default:
      return rest([...list.slice(0, at), part, ...list.slice(at)]);
  }
}

const entriesOf = (value: object): [string, unknown][] =>
  value instanceof Entries ? value.list : Object.entries(value);

function jsonOf(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${entriesOf(value)
      .map(([name, part]) => `${JSON.stringify(name)}:${jsonOf(part)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** JSON of a value with some parts changed; seldom with its text changed as well, or as it is. */
export function oddJson(value: unknown, dice: Dice): string {
  let made = value;
  for (let changes = dice.pick([0, 1, 1, 1, 2, 4]); changes > 0; changes--) made = changed(made, dice);
  const text = jsonOf(made);
  return dice.oneIn(6) ? oddText(text, dice) : text;
}

/** A text with characters changed, left out, repeated or put in, or cut off. */
export function oddText(text: string, dice: Dice): string {
  let made = text;
  for (let changes = 1 + dice.below(3); changes > 0; changes--) {
    const at = dice.below(made.length + 1);
    const until = at + dice.below(8);
    const part = dice.pick([
      dice.pick(strings),
      String.fromCharCode(dice.below(0x10000)),
      '{',
      '"',
      '\t',
      '\n',
      '&',
      '=',
      '%',
    ]);
    switch (dice.below(6)) {
      case 0:
        made = made.slice(0, at);
        break;
      case 1:
        made = made.slice(0, at) + made.slice(until);
        break;
      case 2:
        made = made.slice(0, until) + made.slice(at);
        break;
      case 3:
        made = dice.oneIn(30) ? made + part.repeat(100_000) : made + part.repeat(dice.below(50));
        break;
      default:
        made = made.slice(0, at) + part + made.slice(dice.oneIn(2) ? at : at + 1);
    }
  }
  return made;
}

/** Bytes with some changed, left out, repeated or put in, or cut off. */
export function oddBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  let made = Array.from(bytes);
  for (let changes = dice.below(4); changes > 0; changes--) {
    const at = dice.below(made.length + 1);
    switch (dice.below(5)) {
      case 0:
        made = made.slice(0, at);
        break;
      case 1:
        made = [...made.slice(0, at), ...made.slice(at + dice.below(9))];
        break;
      case 2:
        made = [...made, ...made.slice(at, at + dice.below(64))];
        break;
      case 3:
        made = [...made.slice(0, at), dice.pick([0, 1, 0x7f, 0x80, 0xff, 0xc0, 0xed, 0xf5]), ...made.slice(at)];
        break;
      default:
        if (made.length > 0) made[at % made.length] = dice.below(256);
    }
  }
  return Uint8Array.from(made);
}

export function randomBytes(dice: Dice): Uint8Array {
  return Uint8Array.from({ length: dice.below(200) }, () => dice.below(256));
}

/** A safetensors file whose header is changed as JSON, its length now and then as a number, its data as bytes. */
export function oddTensors(bytes: Uint8Array, dice: Dice): Uint8Array {
  if (dice.oneIn(8)) return oddBytes(bytes, dice);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const json = new TextEncoder().encode(oddJson(dice.oneIn(2) ? moved(header, dice) : header, dice));
  const data = bytes.subarray(8 + length);
  const made = new Uint8Array(8 + json.length + data.length + (dice.oneIn(8) ? dice.below(16) : 0));
  const declared = dice.oneIn(10) ? dice.pick([0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n, 100_000_001n]) : null;
  new DataView(made.buffer).setBigUint64(0, declared ?? BigInt(json.length), true);
  made.set(json, 8);
  made.set(data, 8 + json.length);
  return made;
}

/** A header in which a tensor's type, shape or offsets are others of the same form. */
function moved(header: Record<string, unknown>, dice: Dice): Record<string, unknown> {
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  const name = dice.pick(names);
  const entry = header[name] as { dtype: string; shape: number[]; data_offsets: number[] };
  const by = dice.pick([-8, -4, -2, -1, 1, 2, 4, 8, 2 ** 31, 2 ** 53]);
  const [start, end] = entry.data_offsets;
  const other = dice.pick([
    { dtype: dice.pick(['F16', 'BF16', 'F32', 'U32', 'I32', 'F64', 'U8', 'f32']) },
    { dtype: 'F16', shape: [...entry.shape, 2] },
    { dtype: 'BF16', shape: [...entry.shape, 2] },
    { shape: [...entry.shape].reverse() },
    { shape: entry.shape.map((axis) => axis + by) },
    { data_offsets: [start + by, end + by] },
    { data_offsets: [start, end + by] },
    { data_offsets: (header[dice.pick(names)] as typeof entry).data_offsets },
  ]);
  return { ...header, [name]: { ...entry, ...other } };
}
