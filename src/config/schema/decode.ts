/**
 * What a decoder is made of (SCIENCE 5): candidate, order, budget, revision and span, each with its numbers. Paths are
 * `decode.NAME` whatever the part. Data only: named decoders and what fits together are in `../decoders.ts`.
 */
import { choice, flag, integer, real } from './fields.ts';

const draws = { path: 'decode.candidate', in: ['sample'] } as const;
const remasks = { path: 'decode.revision', in: ['remask'] } as const;
const edits = { path: 'decode.revision', in: ['edit'] } as const;
const loops = { all: [remasks, { path: 'decode.remaskSchedule', in: ['loop'] }] } as const;

const candidate = {
  label: 'Candidate',
  fields: {
    candidate: choice({
      default: 'sample',
      options: [
        { value: 'best', label: 'Most probable token' },
        { value: 'sample', label: 'Sample' },
      ],
      label: 'Candidate',
      why: 'The most probable token of each open position, or one drawn from what the model says of it.',
    }),
    temperature: real({
      default: 1,
      min: 0,
      max: 100,
      unit: '',
      label: 'Temperature',
      why: '0 takes the most probable token; 1 samples the model’s own distribution.',
      onlyIf: draws,
    }),
    anneal: flag({
      default: false,
      label: 'Anneal',
      why: 'Moves the temperature from the first call to the last: bold while little is decided, careful at the end.',
      onlyIf: draws,
    }),
    endTemperature: real({
      default: 0.4,
      min: 0,
      max: 100,
      unit: '',
      label: 'End temperature',
      why: 'The temperature of the last call; in between it moves in equal steps.',
      onlyIf: { all: [draws, { path: 'decode.anneal', in: [true] }] },
    }),
    topK: integer({
      default: 0,
      min: 0,
      max: 1_000_000,
      unit: 'tokens',
      label: 'Top k',
      why: 'Draws from the k most probable tokens only; 0 from all.',
      onlyIf: draws,
    }),
    topP: real({
      default: 1,
      min: 1e-6,
      max: 1,
      unit: '',
      label: 'Top p',
      why: 'Draws from the fewest tokens that hold this share of the probability (1904.09751); 1 is all of them.',
      onlyIf: draws,
    }),
  },
} as const;

const order = {
  label: 'Order',
  fields: {
    order: choice({
      default: 'confidence',
      options: [
        { value: 'confidence', label: 'Confidence' },
        { value: 'margin', label: 'Margin' },
        { value: 'entropy', label: 'Entropy' },
        { value: 'random', label: 'Random' },
        { value: 'position', label: 'Left to right' },
      ],
      label: 'Order',
      why: 'Which open positions come first: the surest by probability of their candidate, by the lead of the best token over the second, by entropy, by chance, or by place.',
    }),
    orderNoise: real({
      default: 0,
      min: 0,
      max: 100,
      unit: '',
      label: 'Order noise',
      why: 'Gumbel noise on the log score divided by this (Dream’s alg_temp): 0 keeps the order strict.',
      onlyIf: {
        all: [
          { path: 'decode.order', in: ['confidence', 'margin', 'entropy'] },
          { path: 'decode.budget', in: ['quota', 'one'] },
        ],
      },
    }),
  },
} as const;

const budget = {
  label: 'Budget',
  fields: {
    budget: choice({
      default: 'quota',
      options: [
        { value: 'quota', label: 'Equal share per call' },
        { value: 'each', label: 'Each by chance' },
        { value: 'one', label: 'One' },
        { value: 'threshold', label: 'Threshold' },
        { value: 'factor', label: 'Factor' },
        { value: 'entropy-bound', label: 'Entropy bound' },
      ],
      label: 'Budget',
      why: 'How many positions are committed after a call: a fixed share, each with the probability of the reverse process, one, or as many as a bound on their scores or entropies allows.',
    }),
    steps: integer({
      default: 32,
      min: 1,
      max: 100_000,
      unit: 'calls',
      label: 'Calls',
      why: 'Network calls that the masks are spread over.',
      onlyIf: { path: 'decode.budget', in: ['quota', 'each'] },
    }),
    tau: real({
      default: 0.9,
      min: 0,
      max: 1,
      unit: '',
      label: 'Threshold',
      why: 'Commits every position whose score reaches it, at least the best one (Fast-dLLM): lower is faster and worse.',
      onlyIf: { path: 'decode.budget', in: ['threshold'] },
    }),
    factor: real({
      default: 1,
      min: 0,
      max: 100,
      unit: '',
      label: 'Factor',
      why: 'Commits the most positions n for which (n + 1)(1 - confidence of the n-th) stays below it (Fast-dLLM).',
      onlyIf: { path: 'decode.budget', in: ['factor'] },
    }),
    gamma: real({
      default: 0.1,
      min: 0,
      max: 1000,
      unit: 'nats',
      label: 'Gamma',
      why: 'Bounds what positions committed together can have in common: the sum of their entropies less the largest (2505.24857).',
      onlyIf: { path: 'decode.budget', in: ['entropy-bound'] },
    }),
  },
} as const;

const revision = {
  label: 'Revision',
  fields: {
    revision: choice({
      default: 'none',
      options: [
        { value: 'none', label: 'None' },
        { value: 'remask', label: 'Mask again' },
        { value: 'edit', label: 'Edit' },
      ],
      label: 'Revision',
      why: 'What may become of a committed token: it stays, it is masked again by chance (ReMDM), or it gives way to a better one (LLaDA2.1).',
    }),
    remaskSchedule: choice({
      default: 'cap',
      options: [
        { value: 'cap', label: 'Capped' },
        { value: 'rescale', label: 'Rescaled' },
        { value: 'confidence', label: 'By confidence' },
        { value: 'loop', label: 'Loop' },
      ],
      label: 'Schedule',
      why: 'How likely a token is masked again: at most a constant, a share of the most that is possible, more for unsure tokens, or only in the middle of the decode.',
      onlyIf: remasks,
    }),
    eta: real({
      default: 0.02,
      min: 0,
      max: 1,
      unit: '',
      label: 'Eta',
      why: 'The constant or the share of the schedule: 0 masks nothing again.',
      onlyIf: remasks,
    }),
    loopStart: real({
      default: 0.55,
      min: 0,
      max: 1,
      unit: '',
      label: 'Loop from time',
      why: 'Time runs from 1 to 0: the loop begins here, with most of the text written.',
      onlyIf: loops,
    }),
    loopEnd: real({
      default: 0.05,
      min: 0,
      max: 1,
      unit: '',
      label: 'Loop to time',
      why: 'The loop ends here; what is left is then filled.',
      onlyIf: loops,
    }),
    loopLevel: real({
      default: 0.9,
      min: 0,
      max: 1,
      unit: '',
      label: 'Written in the loop',
      why: 'Share of the text that is written while the loop masks and fills again.',
      onlyIf: loops,
    }),
    tauEdit: real({
      default: 0.5,
      min: 0,
      max: 1,
      unit: '',
      label: 'Edit threshold',
      why: 'A committed token becomes the most probable one where that has at least this probability: 0 edits freely.',
      onlyIf: edits,
    }),
    editCalls: integer({
      default: 16,
      min: 0,
      max: 1000,
      unit: 'calls',
      label: 'Editing calls',
      why: 'Calls after the last mask at most, which end when nothing changes any more.',
      onlyIf: edits,
    }),
  },
} as const;

const span = {
  label: 'Span',
  fields: {
    span: choice({
      default: 'window',
      options: [
        { value: 'window', label: 'Whole window' },
        { value: 'blocks', label: 'Blocks' },
      ],
      label: 'Span',
      why: 'Where the rules apply at a time: wherever the model sees both ways, or blocks of that from left to right.',
    }),
    blockSize: integer({
      default: 16,
      min: 1,
      max: 4096,
      unit: 'tokens',
      label: 'Block',
      why: 'A block is filled before the next one is begun: smaller is closer to writing from left to right.',
      onlyIf: { path: 'decode.span', in: ['blocks'] },
    }),
    draftDepth: integer({
      default: 0,
      min: 0,
      max: 64,
      unit: 'states',
      label: 'Draft depth',
      why: 'Drafts this many further states and verifies them in one call (FreeDave): the same text in fewer calls; 0 drafts none.',
      onlyIf: { path: 'decode.revision', in: ['none'] },
    }),
    guidance: real({
      default: 0,
      min: 0,
      max: 20,
      unit: '',
      label: 'Guidance',
      why: 'Pushes away from what the model would write without the prompt; each call then reads two sequences. 0 is off.',
    }),
    seed: integer({
      default: 1,
      min: 0,
      max: 4294967295,
      unit: '',
      label: 'Seed',
      why: 'Every draw follows from it: the same seed gives the same text.',
    }),
  },
} as const;

/** The parts of a decoder, in the order in which a person reads them. */
export const decodeParts = { candidate, order, budget, revision, span } as const;
