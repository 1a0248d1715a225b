/** `sdlm match`: the dense model of equal cost or size to hold a sparse one against. */
import { differences, withSettings } from '../config/experiment.ts';
import { presetExperiment } from '../config/presets.ts';
import { denseMatch, type MatchKind, matchKinds } from '../lab/match.ts';
import { accountingOf } from '../run/cost.ts';
import { oneOf, readOptions, readSettings, required } from './arguments.ts';
import { print, printJson, table } from './output.ts';
import { loadText, ownCorpus } from './texts.ts';

export const matchHelp = `
match --preset ID [--set path=value]... [--data FILE] --by flops|parameters [--json]
    The dense feed-forward width at which training FLOPs per token (or parameters) come nearest, and how near.`;

export async function matchCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, {
    preset: { type: 'string' },
    set: { type: 'string', multiple: true },
    data: { type: 'string' },
    by: { type: 'string' },
    json: { type: 'boolean' },
  });
  const by = oneOf('by', required('by', values.by), Object.keys(matchKinds) as MatchKind[]);
  const settings = readSettings(values.set);
  if (values.data !== undefined) settings['data.corpus'] = ownCorpus(values.data, settings['data.corpus']);
  const experiment = withSettings(presetExperiment(values.preset ?? 'expert-choice'), settings);
  const { tokenizer } = await loadText(experiment, values.data);
  const match = denseMatch(experiment, by, tokenizer.vocabularySize);
  const from = accountingOf(experiment, tokenizer.vocabularySize);
  const to = accountingOf(match.experiment, tokenizer.vocabularySize);
  if (values.json) {
    printJson({ by, ...match, costs: { given: from, matched: to } });
    return;
  }
  const row = (name: string, { total, active, trainFlopsPerToken, inferenceFlopsPerToken }: typeof from) =>
    [name, total, active, trainFlopsPerToken, inferenceFlopsPerToken].map(String);
  print(
    table([
      ['', 'parameters', 'active', 'training FLOPs/token', 'inference FLOPs/token'],
      row('given', from),
      row('dense', to),
    ]),
  );
  const arguments_ = Object.entries(differences(match.experiment, experiment)).map(
    ([path, value]) => `--set ${path}=${value}`,
  );
  print(`${(100 * match.ratio).toFixed(3)} % of the ${by} with ${arguments_.join(' ') || 'no change'}`);
}
