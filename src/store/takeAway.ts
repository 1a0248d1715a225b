/** Experts taken away from the model on show: which, and what that costs in loss, paired. */
import { create } from 'zustand';
import { type Intervention, interventionText } from '../config/interventions.ts';
import type { Commands } from '../worker/protocol.ts';
import { cancelMeasuring, startMeasuring, useMeasuring } from './measuring.ts';
import { intervene, interventionsOf, useRouting } from './routing.ts';
import { shownRef, useRun } from './run.ts';
import { ask } from './session.ts';

/** In bits per character. */
export type PairedLoss = NonNullable<Commands['interventionCost']['answer']['loss']>;

/** Windows, each at so many mask levels, that a loss is measured over. */
export const costWindows = 16;
export const costRounds = 2;

export interface TakeAway {
  loss: PairedLoss | null;
  /** What that loss is of, as `keyOf`. */
  of: string;
}

export const useTakeAway = create<TakeAway>(() => ({ loss: null, of: '' }));

/** Interventions on a model as one text. */
export function keyOf(model: string, interventions: readonly Intervention[]): string {
  return [model, ...interventions.map(interventionText)].join(' ');
}

/** Takes an expert away, by its layer's index in the model, and measures what all that is taken away costs together. */
export async function removeExpert(layer: number, expert: number): Promise<void> {
  const now = shownInterventions();
  const added: Intervention = { kind: 'ablate', layer, expert };
  if (now.some((one) => interventionText(one) === interventionText(added))) return;
  await change([...now, added]);
}

/** Gives back what an intervention changed. */
export async function undo(intervention: Intervention): Promise<void> {
  await change(shownInterventions().filter((one) => interventionText(one) !== interventionText(intervention)));
}

/** Measures again what a cancel has left unknown. */
export async function measureCost(): Promise<void> {
  const model = shownRef(useRun.getState());
  const interventions = shownInterventions();
  const argument = { model, windows: costWindows, rounds: costRounds, interventions };
  const answer = await startMeasuring('cost', () => ask('interventionCost', argument));
  if (answer?.loss) useTakeAway.setState({ loss: answer.loss, of: keyOf(model, interventions) });
}

function shownInterventions(): readonly Intervention[] {
  return interventionsOf(useRouting.getState(), shownRef(useRun.getState()));
}

async function change(interventions: readonly Intervention[]): Promise<void> {
  useTakeAway.setState({ loss: null, of: '' });
  const routes = intervene(interventions);
  if (interventions.length > 0) await measureCost();
  // An atlas under way is of the model as it is, and goes on.
  else if (useMeasuring.getState().now?.task === 'cost') await cancelMeasuring();
  await routes;
}
