/** What is known of one position at one call of a decode, and why it became what it is: read from the trace. */
import { percent, spoken, three } from '../../base/format.ts';
import type { DecodeSettings, Order } from '../../config/decodeSettings.ts';
import type { DecodeFrame, DecodeReason, ModelReport } from '../../worker/protocol.ts';
import { tokenText } from '../parts/denoising.ts';
import { historyAt, type PositionEvent, positionWords } from './history.ts';
import { type Standing, whyWords } from './whyWords.ts';

type TraceStep = NonNullable<DecodeReason>;

/** A decode as far as it has come. `frames` and `reasons` have one entry per step, the start first. */
export interface Decoded {
  readonly frames: readonly DecodeFrame[];
  readonly reasons: readonly DecodeReason[];
  readonly settings: DecodeSettings;
  readonly model: ModelReport;
}

export interface BestCandidate {
  /** Said in words. */
  readonly token: string;
  readonly probability: number;
  /** Whether it is what the decoder drew or took. */
  readonly isCandidate: boolean;
}

/** A position among those that a call could have revealed. */
export interface WeighedPosition {
  readonly call: number;
  /** Whether that is the call on show. */
  readonly isNow: boolean;
  /** The five most probable tokens, the first first; fewer in a smaller vocabulary. */
  readonly best: readonly BestCandidate[];
  readonly candidate: string;
  readonly score: string;
  readonly budget: string;
}

export interface PositionCard {
  /** The position, its token and its state. */
  readonly title: string;
  /** When it was weighed last; null before it ever was. */
  readonly weighed: WeighedPosition | null;
  /** One sentence. */
  readonly why: string;
}

/** The card of `position` at frame `index`. */
export function cardOf(decoded: Decoded, index: number, position: number): PositionCard {
  const { frames, reasons, settings, model } = decoded;
  const event = historyAt(reasons, index).get(position);
  const at = lastWeighed(reasons, index, position);
  const step = at < 0 ? null : reasons[at];
  return {
    title: positionWords(frames[index], model, position, event),
    weighed: step ? weighedOf(step, decoded, position, at === index) : null,
    why: whyOf(decoded, { index, position, event, step: at === index || event?.frame === at ? step : null }, settings),
  };
}

/** Index of the last frame up to `index` whose call weighed the position; -1 where none did. */
function lastWeighed(reasons: readonly DecodeReason[], index: number, position: number): number {
  for (let i = Math.min(index, reasons.length - 1); i > 0; i--)
    if (reasons[i]?.open.positions.includes(position)) return i;
  return -1;
}

/** Where a position stands among those that a step weighed. */
function standingOf(step: TraceStep, position: number): Standing {
  const index = step.open.positions.indexOf(position);
  return {
    rank: index + 1,
    of: step.open.positions.length,
    score: step.open.score[index],
    count: step.budget.count,
    value: step.budget.value,
    isTaken: step.commits.some((commit) => commit.position === position),
  };
}

const orderNames: Readonly<Record<Order, string>> = {
  confidence: 'confidence',
  margin: 'margin',
  entropy: 'low entropy',
  random: 'chance',
  position: 'place from the left',
};

function weighedOf(step: TraceStep, { settings, model }: Decoded, position: number, isNow: boolean): WeighedPosition {
  const { open, call } = step;
  const index = open.positions.indexOf(position);
  const said = (token: number) => spoken(tokenText(model, token));
  const { rank, of, score } = standingOf(step, position);
  return {
    call,
    isNow,
    best: open.best[index].map((token, place) => ({
      token: said(token),
      probability: open.probabilities[index][place],
      isCandidate: token === open.tokens[index],
    })),
    candidate: `${said(open.tokens[index])}, ${percent(open.confidence[index])}`,
    score: `${three(score)} by ${orderNames[settings.order]}, number ${rank} of ${of}`,
    budget: `${step.budget.count} of ${of} revealed; ${valueWords(settings, step.budget.value)}`,
  };
}

/** What the budget held the candidates against. */
function valueWords({ budget }: DecodeSettings, value: number): string {
  switch (budget) {
    case 'quota':
      return `share of this call ${three(value)}`;
    case 'each':
      return `probability of each ${three(value)}`;
    case 'one':
      return `one per call, time left ${three(value)}`;
    case 'threshold':
      return `threshold ${three(value)}`;
    case 'factor':
      return `factor ${three(value)}`;
    case 'entropy-bound':
      return `bound ${three(value)} nats`;
    default:
      return budget satisfies never;
  }
}

interface Moment {
  readonly index: number;
  readonly position: number;
  readonly event: PositionEvent | undefined;
  /** The step that weighed the position and decided what it is now; null where none did. */
  readonly step: TraceStep | null;
}

function whyOf({ frames, reasons }: Decoded, moment: Moment, settings: DecodeSettings): string {
  const { index, position, event, step } = moment;
  if (frames[index].committedAt[position] === 0) return 'It was given, and given tokens are never changed.';
  if (step) return whyWords(settings, standingOf(step, position));
  const decided = event && reasons[event.frame];
  if (event?.kind === 'remask') return 'It was hidden again by chance, as the revision of this decoder does.';
  if (event?.kind === 'edit' && decided) {
    const probability = decided.edits.find((edit) => edit.position === position)?.confidence ?? Number.NaN;
    return `It gave way to a token of probability ${three(probability)}, which reaches the edit threshold ${three(settings.tauEdit)}.`;
  }
  if (index === 0) return 'Nothing is decided before the first call.';
  return 'It was not weighed in this call: what stands before it is filled first.';
}
