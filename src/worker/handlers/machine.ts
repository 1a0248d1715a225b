/** Commands about the machine and about what a configuration would cost on it. */

import { denseMatch } from '../../lab/match.ts';
import { layoutOf } from '../../nn/layout.ts';
import { declareParameters } from '../../nn/parameters.ts';
import { costOf } from '../../run/cost.ts';
import { stepSeconds } from '../../run/duration.ts';
import { recordTraining } from '../../train/recordings.ts';
import { expectStartable } from '../../train/startFrom.ts';
import type { RunText } from '../../train/text.ts';
import type { TrainRequest } from '../protocol.ts';
import { machineReport, modelReport } from '../reports.ts';
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
      const machine = { ...machineReport(engine.backends()), chosen: engine.broker.runtime().kind };
      const bundled = { ...modelReport(experiment, tokenizer), split: 'The bundled model: see its configuration.' };
      return { machine, bundled, library: await engine.kept() };
    },
    useBackend: async ({ backend }) => ({ backend: await engine.broker.move(backend) }),
    inspect: async (request) => {
      const { experiment } = request;
      const text = await textOf(request);
      const model = modelReport(experiment, text.tokenizer, text);
      const { vocabularySize } = text.tokenizer;
      const { recording } = recordTraining(experiment, declareParameters(layoutOf(experiment.model, vocabularySize)));
      const { kind } = engine.broker.runtime();
      const seconds = experiment.training.steps * stepSeconds(recording, kind, engine.backends().gflops[kind] ?? 1);
      return { model, secondsEstimate: seconds, memoryBytes: costOf(experiment, vocabularySize).memoryBytes };
    },
    match: async (request) => {
      const { tokenizer } = await textOf(request);
      const { experiment, ratio } = denseMatch(request.experiment, request.by, tokenizer.vocabularySize);
      return { experiment, ratio };
    },
  };
}
