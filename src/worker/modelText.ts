/** The text of a model, to look into or to measure on: of the run in progress its own, of others that of their corpus. */
import { DataError } from '../base/errors.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import { type ModelRef, placeOf } from '../config/modelRef.ts';
import type { RunText } from '../train/text.ts';
import type { Engine } from './handlers/handlers.ts';
import { textOfRun } from './states.ts';

/** Throws `DataError` for a model whose text is not here. */
export async function textOfModel(
  { scheduler, storage, checkpointOf, textOf }: Pick<Engine, 'scheduler' | 'storage' | 'checkpointOf' | 'textOf'>,
  ref: ModelRef,
): Promise<RunText> {
  const session = scheduler.session();
  const place = placeOf(ref);
  if (session && place.kind === 'run' && place.id === session.identity.id) return session.text;
  const { experiment, tokenizer } = await checkpointOf(ref);
  const isOwn = corpusKind(experiment.data.corpus).isOwn;
  const own = isOwn && place.kind === 'run' ? await textOfRun(storage(), place.id) : null;
  if (isOwn && own === null)
    throw new DataError(
      'text: expected one to look into, as this model learned from a text that is not kept, got none',
    );
  return textOf(experiment, own, tokenizer);
}
