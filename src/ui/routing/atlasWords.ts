/** Which atlas is on show, and the sentences about it. */
import { csvOf } from '../../base/csv.ts';
import { whole } from '../../base/format.ts';
import type { Atlas } from '../../config/atlas.ts';
import { atlasTables } from '../../config/atlasTables.ts';
import { useAtlas, varies } from '../../store/atlas.ts';
import { shownRef, useRun } from '../../store/run.ts';

/** The atlas of the model that is shown, or one of a file of another model; null where there is none. */
export function useShownAtlas(): Atlas | null {
  const { atlas, of } = useAtlas();
  const shown = useRun(shownRef);
  return of === null || of === shown ? atlas : null;
}

/** What was read, and of which model. */
export function originOf({ tokens, windows }: Pick<Atlas, 'tokens' | 'windows'>, isOfModel: boolean): string {
  const read = `Over ${whole(tokens)} tokens in ${whole(windows.of.length)} windows of unseen text`;
  return isOfModel ? read : `${read}. From a file of another model than the one above: experts cannot be removed here`;
}

/** Why the view does not open on the load where it says nothing, and what the atlas lacks. */
export function atlasNotes({ model, measures }: Pick<Atlas, 'model' | 'measures'>): string[] {
  const load = measures.find(({ name }) => name === 'load');
  const isAutoregressive = model.experiment.objective.kind === 'autoregressive';
  const notes: string[] = [];
  if (load && !varies(load))
    notes.push(
      'The load is the same for all experts because experts choose here, each equally many tokens. So look at which tokens they take.',
    );
  if (isAutoregressive)
    notes.push('An autoregressive model reads no hidden tokens, so nothing is split into hidden and revealed.');
  return notes;
}

/** All tables of an atlas in one file, each under its name. */
export function atlasCsv(atlas: Atlas): string {
  return atlasTables(atlas)
    .map(({ name, columns, rows }) => `${csvOf([name], [])}${csvOf(columns, rows)}`)
    .join('\r\n');
}
