/** Commands about the machine and about what a configuration would cost on it. */

import { denseMatch } from '../../lab/match.ts';
import { costOf } from '../../run/cost.ts';
import { expectStartable } from '../../train/startFrom.ts';
import type { RunText } from '../../train/text.ts';
import type { TrainRequest } from '../protocol.ts';
import { modelReport } from '../reports.ts';
import type { Engine, Handlers } from './handlers.ts';

export function machineHandlers(engine: Engine): Handlers<'open' | 'useBackend' | 'inspect' | 'match'> {
  /** The text of a request, read with the tokenizer of the weights that it starts from. */
  const textOf = async ({ experiment, text, from }: TrainRequest): Promise<RunText> => {
    const source = from ? await engine.checkpointOf(from) : null;
    if (source) expectStartable(experiment, source);
    return engine.textOf(experiment, text ?? null, source?.tokenizer);
  };
  return {
    open: async ({ baseUrl, backend }) => {
      await engine.openAt(baseUrl, backend);
      const { experiment, tokenizer } = await engine.checkpointOf('bundled');
      const machine = { ...engine.speeds().report(), chosen: engine.broker.runtime().kind };
      const bundled = { ...modelReport(experiment, tokenizer), split: 'The bundled model: see its configuration.' };
      return { machine, bundled, library: await engine.kept() };
    },
    useBackend: async ({ backend }) => ({ backend: await engine.useBackend(backend) }),
    inspect: async (request) => {
      const { experiment } = request;
      const text = await textOf(request);
      const model = modelReport(experiment, text.tokenizer, text);
      const { vocabularySize } = text.tokenizer;
      const estimate = engine.speeds().estimate(engine.broker.runtime().kind, experiment, vocabularySize);
      return { model, estimate, memoryBytes: costOf(experiment, vocabularySize).memoryBytes };
    },
    match: async (request) => {
      const { tokenizer } = await textOf(request);
      const { experiment, ratio } = denseMatch(request.experiment, request.by, tokenizer.vocabularySize);
      return { experiment, ratio };
    },
  };
}
