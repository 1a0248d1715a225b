/**
 * A decoder as settings: defaults, values by path, and what fits together and fits a model, with one clear sentence. The
 * fields are in `schema/decode.ts`, named decoders in `decoders.ts`.
 */
import { ConfigError, named } from '../base/errors.ts';
import { attentionBlock, comparesSequences, type ObjectiveKind } from './objectives.ts';
import { decodeParts } from './schema/decode.ts';
import type { Field } from './schema/fields.ts';
import type { Experiment } from './schema.ts';
import { holds, parseSetting, type Setting, type ValueOf } from './settings.ts';

type Parts = typeof decodeParts;
type Fields = Parts['candidate']['fields'] &
  Parts['order']['fields'] &
  Parts['budget']['fields'] &
  Parts['revision']['fields'] &
  Parts['span']['fields'];

/** A complete decoder: every field of the schema with a value. Fields that do not apply hold their default. */
export type DecodeSettings = {
  readonly [F in keyof Fields]: Fields[F] extends Field ? ValueOf<Fields[F]> : never;
};

/** Which open positions come first. */
export type Order = DecodeSettings['order'];
/** How many are committed after a call. */
export type Budget = DecodeSettings['budget'];
/** What of earlier commits may be undone. */
export type Revision = DecodeSettings['revision'];
/** How likely a token is masked again. */
export type RemaskSchedule = DecodeSettings['remaskSchedule'];
/** A part of a decoder, as the page groups its fields. */
export type DecodePart = keyof Parts;

/** What must be known of a model to decode with it. */
export interface DecodedModel {
  readonly kind: ObjectiveKind;
  /** Tokens that it sees both ways at once. */
  readonly window: number;
  /** Whether what it says of a sequence depends on those beside it in a batch. */
  readonly comparesSequences: boolean;
}

/** What decoding must know of the model of an experiment. */
export function decodedModelOf(experiment: Experiment): DecodedModel {
  return {
    kind: experiment.objective.kind,
    window: attentionBlock(experiment),
    comparesSequences: comparesSequences(experiment),
  };
}

export interface DecodeField {
  readonly path: string;
  readonly part: DecodePart;
  readonly field: Field;
}

type Draft = Record<string, Setting>;

const group = 'decode';

/** Every field with its path, part by part. */
export const decodeFields: readonly DecodeField[] = (Object.keys(decodeParts) as DecodePart[]).flatMap((part) =>
  Object.entries<Field>(decodeParts[part].fields).map(([name, field]) => ({ path: `${group}.${name}`, part, field })),
);

const fieldByPath = new Map(decodeFields.map(({ path, field }) => [path, field]));

/** The field at a path such as `decode.tau`. Throws `ConfigError` for an unknown one. */
export function decodeFieldAt(path: string): Field {
  const field = fieldByPath.get(path);
  if (field) return field;
  const known = decodeFields.map((one) => one.path).join(', ');
  throw new ConfigError(`expected one of ${known}, got an unknown setting`, { path: named(path) });
}

/** The value at a path. Throws `ConfigError` for an unknown one. */
export function decodeSettingAt(settings: DecodeSettings, path: string): Setting {
  decodeFieldAt(path);
  return (settings as unknown as Draft)[path.slice(group.length + 1)];
}

/** Whether the field at a path is read with these settings: a threshold only by the budget of that name. */
export function isRead(settings: DecodeSettings, path: string): boolean {
  const { onlyIf } = decodeFieldAt(path);
  return !onlyIf || holds((other) => decodeSettingAt(settings, other), onlyIf);
}

/** What differs from `base`, by path: what an address carries. */
export function decodeDifferences(settings: DecodeSettings, base: DecodeSettings): Record<string, Setting> {
  const changed = decodeFields.filter(
    ({ path }) => decodeSettingAt(settings, path) !== decodeSettingAt(base, path) && isRead(settings, path),
  );
  return Object.fromEntries(changed.map(({ path }) => [path, decodeSettingAt(settings, path)]));
}

/**
 * The settings of `preset` (by name of field) with `changes` (by path, text or typed). Fields that are not read go back to
 * their default, so that equal decoders are equal settings. Throws `ConfigError` with the path of the first setting that
 * is unknown, out of range, or contradicts another or the model; without a model only the decoder itself is checked.
 */
export function settingsOf(
  preset: Partial<DecodeSettings>,
  changes: Readonly<Record<string, unknown>>,
  model: DecodedModel | null,
): DecodeSettings {
  const draft: Draft = Object.fromEntries(
    decodeFields.map(({ path, field }) => [path.slice(group.length + 1), field.default]),
  );
  Object.assign(draft, preset);
  for (const [path, value] of Object.entries(changes))
    draft[path.slice(group.length + 1)] = parseSetting(path, decodeFieldAt(path), value);
  // A block of a preset is a proposal: in a smaller window it is the window.
  if (model && model.kind !== 'autoregressive' && !('decode.blockSize' in changes))
    draft.blockSize = Math.min(Number(draft.blockSize), model.window);
  const settings = draft as unknown as DecodeSettings;
  checkParts(settings);
  if (model) checkModel(settings, model);
  for (const { path, field } of decodeFields)
    if (!isRead(settings, path)) draft[path.slice(group.length + 1)] = field.default;
  return settings;
}

/** Refuses changes to settings that nothing reads: a threshold without the budget of that name. */
export function expectRead(settings: DecodeSettings, paths: readonly string[]): void {
  for (const path of paths)
    if (!isRead(settings, path))
      throw new ConfigError('expected none with this decoder, which does not read it, got a value', { path });
}

/** Orders by which a budget is defined; the others take every order. */
const ordersOf: Partial<Record<Budget, { readonly orders: readonly Order[]; readonly why: string }>> = {
  each: { orders: ['random'], why: 'which decides about each position by chance' },
  threshold: { orders: ['confidence', 'margin', 'entropy'], why: 'which compares scores from 0 to 1' },
  factor: { orders: ['confidence'], why: 'which is a bound on confidences' },
  'entropy-bound': { orders: ['entropy'], why: 'which takes the lowest entropy first' },
};

function checkParts({ order, budget, revision, remaskSchedule, loopStart, loopEnd }: DecodeSettings): void {
  const bound = ordersOf[budget];
  if (bound && !bound.orders.includes(order))
    throw new ConfigError(
      `expected ${bound.orders.join(' or ')} with decode.budget "${budget}", ${bound.why}, got "${order}"`,
      { path: 'decode.order' },
    );
  if (revision === 'remask' && budget !== 'each')
    throw new ConfigError(
      `expected each with decode.revision "remask", which follows the times of the reverse process, got "${budget}"`,
      { path: 'decode.budget' },
    );
  if (revision === 'edit' && budget === 'each')
    throw new ConfigError(
      'expected another than each with decode.revision "edit", as in the reverse process a written token stays, got "each"',
      { path: 'decode.budget' },
    );
  if (revision === 'remask' && remaskSchedule === 'loop' && loopEnd >= loopStart)
    throw new ConfigError(`expected less than decode.loopStart, ${loopStart}, as time runs down, got ${loopEnd}`, {
      path: 'decode.loopEnd',
    });
}

function checkModel(settings: DecodeSettings, { kind, window, comparesSequences }: DecodedModel): void {
  if (kind !== 'autoregressive') {
    const { span, blockSize, draftDepth } = settings;
    if (comparesSequences && draftDepth > 0 && isRead(settings, 'decode.draftDepth'))
      throw new ConfigError(
        `expected 0 with a model whose router compares the sequences of a batch, which drafts must not change, got ${draftDepth}`,
        { path: 'decode.draftDepth' },
      );
    if (span === 'blocks' && blockSize > window)
      throw new ConfigError(`expected at most ${window}, what the model sees both ways at once, got ${blockSize}`, {
        path: 'decode.blockSize',
      });
    return;
  }
  const only = { order: 'position', budget: 'one', revision: 'none', span: 'window', draftDepth: 0, guidance: 0 };
  for (const [name, value] of Object.entries(only)) {
    const path = `${group}.${name}`;
    const got = decodeSettingAt(settings, path);
    if (got !== value && isRead(settings, path))
      throw new ConfigError(
        `expected ${value} with an autoregressive model, which writes from left to right, got ${got}`,
        {
          path,
        },
      );
  }
}
