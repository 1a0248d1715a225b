/** The atlas on show: built of the model that is shown, or opened from a file; and the measure that its heatmap shows. */

import { create } from 'zustand';
import { greatest, least } from '../base/numbers.ts';
import { type Atlas, type AtlasMeasure, atlasLimits } from '../config/atlas.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { startMeasuring } from './measuring.ts';
import { selectExpert } from './routing.ts';
import { addProblem, shownRef, useRun } from './run.ts';
import { ask } from './session.ts';

export interface AtlasState {
  atlas: Atlas | null;
  /** The model that it is of; null for a file of another one than was shown when it was opened. */
  of: ModelRef | null;
  /** Name of the measure on show, one of the atlas. */
  measure: string;
}

export const useAtlas = create<AtlasState>(() => ({ atlas: null, of: null, measure: '' }));

/** Windows that an atlas of the page is built from, at most as many as the text has. */
export const atlasWindows = 32;

/** Builds the atlas of the model that is shown. What was measured before is ended; a cancelled one changes nothing. */
export async function buildAtlas(): Promise<void> {
  const model = shownRef(useRun.getState());
  const answer = await startMeasuring('atlas', () => ask('buildAtlas', { model, windows: atlasWindows, seed: 1 }));
  if (answer?.atlas) show(answer.atlas, model);
}

/** Opens the file of an atlas, of any model. What is wrong with it is shown as a problem. */
export async function openAtlas(file: Pick<File, 'name' | 'size' | 'text'>): Promise<void> {
  if (file.size > atlasLimits.bytes) {
    const message = `${file.name}: expected at most ${atlasLimits.bytes} bytes of an atlas, got ${file.size}`;
    addProblem({ kind: 'data', message, action: 'Open a file that was exported as the data of an atlas.' });
    return;
  }
  const model = shownRef(useRun.getState());
  const answer = await ask('openAtlas', { text: await file.text(), name: file.name, model });
  if (answer) show(answer.atlas, answer.isOfModel ? model : null);
}

/** Shows another measure of the atlas. */
export function showMeasure(measure: string): void {
  useAtlas.setState({ measure });
}

function show(atlas: Atlas, of: ModelRef | null): void {
  const { measure } = useAtlas.getState();
  const isThere = atlas.measures.some(({ name }) => name === measure);
  useAtlas.setState({ atlas, of, measure: isThere ? measure : openingMeasure(atlas).name });
  selectExpert(0, null);
}

/** The measure that the heatmap opens on: the first that is not the same everywhere, as the load is where experts choose. */
export function openingMeasure({ measures }: Pick<Atlas, 'measures'>): AtlasMeasure {
  return measures.find(varies) ?? measures[0];
}

/** Whether a measure tells cells apart, beyond what sums of float64 do. */
export function varies({ value }: Pick<AtlasMeasure, 'value'>): boolean {
  const known = value.filter(Number.isFinite);
  return greatest(known) - least(known) > 1e-9;
}
