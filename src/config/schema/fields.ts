/** The kinds of field that a configuration is made of, and their constructors. Data only: see `../experiment.ts`. */

/** When a field applies: another field has one of these values, or exceeds a number; or several such conditions. */
export type Condition =
  | { readonly path: string; readonly in: readonly (string | number | boolean)[] }
  | { readonly path: string; readonly above: number }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

interface Described {
  readonly label: string;
  /** One line for the "?" beside the control. */
  readonly why: string;
  /** Show the control only where this holds, e.g. expert settings only for models with experts. */
  readonly onlyIf?: Condition;
  /** Seldom touched: on the page it is folded away until asked for. */
  readonly isAdvanced?: true;
}

export interface NumberField extends Described {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly unit: string;
  /** Values grow by factors rather than by steps (learning rates). */
  readonly logarithmic?: boolean;
}

export interface ChoiceField<T extends string = string> extends Described {
  readonly kind: 'choice';
  readonly default: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
}

export interface FlagField extends Described {
  readonly kind: 'flag';
  readonly default: boolean;
}

export type Field = NumberField | ChoiceField | FlagField;

export const integer = (field: Omit<NumberField, 'kind' | 'integer'>): NumberField => ({
  kind: 'number',
  integer: true,
  ...field,
});
export const real = (field: Omit<NumberField, 'kind' | 'integer'>): NumberField => ({
  kind: 'number',
  integer: false,
  ...field,
});
export const choice = <T extends string>(field: Omit<ChoiceField<T>, 'kind'>): ChoiceField<T> => ({
  kind: 'choice',
  ...field,
});
export const flag = (field: Omit<FlagField, 'kind'>): FlagField => ({ kind: 'flag', ...field });
