/** Quality against network calls, for each decoder: how much is lost when many positions are committed at a time. */
import { expectDecoder, factsOf } from '../../config/decoders.ts';
import { defaultMarkovSource, entropyOfWindow } from '../../data/markov.ts';
import type { Denoise } from '../../diffusion/decode.ts';
import { denoiserOf, modelOfWeights } from '../../model/model.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { boundScorer, decodeTexts, oracleDenoiser, scoreUnderSource, tokenEntropy } from '../decodingQuality.ts';
import { length, medium, small } from './sizes.ts';
import { allOf, isPositive, measured, seedsOf, withError } from './statistics.ts';
import type { Progress, Results, Study, Subject, Table } from './study.ts';

/** The decoders that the recorded results are of, by the names that they were recorded with. */
const names = ['confidence', 'ancestral'] as const;
/** Texts per decoder and number of calls. */
const count = 32;

/** Windows of both texts, in both sizes. */
const T = { markov: 32, prose: 32 };

const markov = { 'data.corpus': 'markov', 'data.sequenceLength': T.markov } as const;
/** Calls that the masks of a text are spread over, as shares of its length. */
const shares = [1, 2, 4, 8, 16];

/** Name of a measure: "ancestral 8 calls: impossible". */
const key = (decoder: string, steps: number, what: string) => `${decoder} ${steps} calls: ${what}`;

export const parallelDecoding: Study = {
  id: 'parallel-decoding',
  title: 'Parallel decoding',
  question: 'How does the quality of decoded text fall as fewer network calls decode more tokens each?',
  sizes: {
    software: { settings: { ...small, ...length(1500) }, seeds: 3 },
    laptop: { settings: { ...medium, 'data.sequenceLength': T.prose, ...length(1500) }, seeds: 3 },
  },
  arms: [
    { id: 'markov', label: 'Expert choice on a Markov source', settings: markov },
    { id: 'prose', label: 'Expert choice on prose', settings: {} },
    { id: 'teacher', label: 'Dense teacher on prose', settings: {}, match: { arm: 'prose', by: 'parameters' } },
  ],
  budgets: [{ by: 'parameters', arms: ['prose', 'teacher'], tolerance: 0.005 }],
  measure: async (runtime, subjects, onProgress) => {
    const [source, prose, teacher] = ['markov', 'prose', 'teacher'].map((arm) => subjects.get(arm));
    const found = new Map<string, Record<string, number>>();
    // An arm that diverged is missing.
    if (source) found.set('markov', await measureMarkov(runtime, source, onProgress));
    if (prose && teacher) found.set('prose', await measureProse(runtime, prose, teacher, onProgress));
    return found;
  },
  tables: (results) => [markovTable(results), proseTable(results)],
  verdicts: (results) => [
    ...names.map((decoder) => {
      const [few, many] = [T.markov / 8, T.markov].map((steps) => measured(key(decoder, steps, 'impossible')));
      const errors = results.mean('markov', few);
      const gap = results.mean('markov', (run) => few(run) - many(run));
      return {
        claim: `Quality falls as more tokens are decoded per call: ${factsOf(expectDecoder(decoder, 'diffusion')).label.toLowerCase()} decoder.`,
        outcome: isPositive(gap),
        evidence: `Impossible transitions on the Markov source at 8 tokens per call ${withError(errors)}, at one ${withError(results.mean('markov', many))}; difference ${withError(gap)} (${seedsOf([gap])}).`,
      };
    }),
    {
      claim: 'Even an exact posterior makes errors when several positions are committed at a time.',
      ...oracleVerdict(results),
    },
    {
      claim: 'At 4 tokens per call, confident tokens first make fewer errors than random order, and less varied text.',
      ...orderVerdict(results),
    },
  ],
};

/** Every decoder and number of calls: what `score` says of the texts, by name. */
async function sweep(
  denoise: Denoise,
  { T, maskId, seed, prefix = '' }: { T: number; maskId: number; seed: number; prefix?: string },
  score: (tokens: Uint32Array) => Promise<Record<string, number>> | Record<string, number>,
  onProgress: Progress,
): Promise<Record<string, number>> {
  const measures: Record<string, number> = {};
  for (const decoder of names) {
    for (const steps of stepsOf(T)) {
      await onProgress(`decoding ${count} texts, ${prefix}${decoder} in ${steps} calls`);
      const { tokens, calls } = await decodeTexts(denoise, { T, maskId, decoder, steps, count, seed });
      const scored = { calls, entropy: tokenEntropy(tokens), ...(await score(tokens)) };
      for (const [what, value] of Object.entries(scored)) measures[key(`${prefix}${decoder}`, steps, what)] = value;
    }
  }
  return measures;
}

async function measureMarkov(
  runtime: Runtime,
  { experiment, text, weights }: Subject,
  onProgress: Progress,
): Promise<Record<string, number>> {
  const source = defaultMarkovSource();
  const { sequenceLength } = experiment.data;
  const maskId = source.alphabet.length;
  const score = (tokens: Uint32Array) => ({ ...scoreUnderSource(source, tokens, sequenceLength) });
  const at = { T: sequenceLength, maskId, seed: experiment.training.seed };
  const model = modelOfWeights(runtime, experiment, text.tokenizer, weights);
  const own = await sweep(await denoiserOf(model, sequenceLength), at, score, onProgress);
  model.destroy();
  const oracle = await sweep(oracleDenoiser(source), { ...at, prefix: 'oracle ' }, score, onProgress);
  return { ...own, ...oracle };
}

async function measureProse(
  runtime: Runtime,
  { experiment, text, weights }: Subject,
  teacher: Subject,
  onProgress: Progress,
): Promise<Record<string, number>> {
  const { sequenceLength } = experiment.data;
  const { vocabularySize, maskId } = text.tokenizer;
  const itself = await boundScorer(runtime, experiment, weights, vocabularySize);
  const other = await boundScorer(runtime, teacher.experiment, teacher.weights, vocabularySize);
  const model = modelOfWeights(runtime, experiment, text.tokenizer, weights);
  const measures = await sweep(
    await denoiserOf(model, sequenceLength),
    { T: sequenceLength, maskId, seed: experiment.training.seed },
    async (tokens) => ({ itself: await itself.bitsOf(tokens), teacher: await other.bitsOf(tokens) }),
    onProgress,
  );
  for (const scorer of [itself, other]) scorer.destroy();
  model.destroy();
  return measures;
}

function stepsOf(T: number): number[] {
  return shares.map((share) => T / share);
}

/** The mean of a difference of two measures of the same runs. */
function gapOf(results: Results, more: string, less: string) {
  return results.mean('markov', (run) => measured(more)(run) - measured(less)(run));
}

function oracleVerdict(results: Results) {
  const [few, many] = [T.markov / 8, T.markov].map((steps) => key('oracle ancestral', steps, 'impossible'));
  const gap = gapOf(results, few, many);
  const own = results.mean('markov', measured(key('ancestral', T.markov / 8, 'impossible')));
  return {
    outcome: isPositive(gap),
    evidence: `Impossible transitions of the exact posterior at 8 tokens per call ${withError(results.mean('markov', measured(few)))}, at one ${withError(results.mean('markov', measured(many)))}; the trained model's at 8: ${withError(own)} (ancestral, ${seedsOf([gap])}).`,
  };
}

function orderVerdict(results: Results) {
  const of = (decoder: string, what: string) => key(decoder, T.markov / 4, what);
  const errors = gapOf(results, of('ancestral', 'impossible'), of('confidence', 'impossible'));
  const variety = gapOf(results, of('ancestral', 'entropy'), of('confidence', 'entropy'));
  return {
    outcome: allOf([isPositive(errors), isPositive(variety)]),
    evidence: `Ancestral minus confidence: impossible transitions ${withError(errors)}, token entropy ${withError(variety)} bits (${seedsOf([errors, variety])}).`,
  };
}

function markovTable(results: Results): Table {
  const floor = entropyOfWindow(defaultMarkovSource(), T.markov);
  return qualityTable(results, 'markov', T.markov, ['', 'oracle '], {
    title: `Markov source (${floor.toFixed(3)} bits per character): exact scores of decoded texts against network calls`,
    scores: { impossible: 'impossible transitions', bits: 'bits per character under the source' },
  });
}

function proseTable(results: Results): Table {
  return qualityTable(results, 'prose', T.prose, [''], {
    title: 'Prose: bound on decoded texts by the model itself and by the teacher, against network calls',
    scores: { itself: 'bits per character by itself', teacher: 'by the teacher' },
  });
}

function qualityTable(
  results: Results,
  arm: string,
  T: number,
  prefixes: readonly string[],
  { title, scores }: { title: string; scores: Readonly<Record<string, string>> },
): Table {
  const shown = (decoder: string, steps: number, what: string) =>
    withError(results.mean(arm, measured(key(decoder, steps, what))));
  const rows = prefixes
    .flatMap((prefix) => names.map((name) => prefix + name))
    .flatMap((decoder) =>
      stepsOf(T).flatMap((steps) => {
        const calls = results.mean(arm, measured(key(decoder, steps, 'calls'))).mean;
        if (Number.isNaN(calls)) return [];
        const scored = [...Object.keys(scores), 'entropy'].map((what) => shown(decoder, steps, what));
        return [[decoder, calls.toFixed(1), (T / calls).toFixed(1), ...scored]];
      }),
    );
  const columns = ['decoder', 'network calls', 'tokens per call', ...Object.values(scores), 'token entropy, bits'];
  return { title, columns, rows };
}
