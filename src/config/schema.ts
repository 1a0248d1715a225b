/**
 * The one schema of an experiment. Every control on the page, every URL parameter, every `--set` of the
 * command line and all validation come from this table: default, range, unit, label, and one line that says why
 * a person would touch it. It is data; the functions that read it are in `experiment.ts`.
 */

import { data } from './schema/data.ts';
import type { Field } from './schema/fields.ts';
import { model } from './schema/model.ts';
import { objective } from './schema/objective.ts';
import { training } from './schema/training.ts';
import type { ValueOf } from './settings.ts';

export const schema = { model, objective, data, training } as const;

type Schema = typeof schema;

/** A complete configuration: every group and field of the schema with a value. */
export type Experiment = {
  readonly [G in keyof Schema]: {
    readonly [F in keyof Schema[G]['fields']]: Schema[G]['fields'][F] extends Field
      ? ValueOf<Schema[G]['fields'][F]>
      : never;
  };
};
