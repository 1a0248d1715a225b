/**
 * The decoding loop: calls the network where its answer is not known yet, takes one step after the other, and yields each.
 * Draft and verify changes which answers are known, never the steps.
 */

import { ConfigError } from '../base/errors.ts';
import { type Beliefs, beliefsOf } from './beliefs.ts';
import {
  type Advance,
  advance,
  begin,
  type DecodePlan,
  isDone,
  isEditing,
  type PlanOptions,
  type Progress,
  planOf,
  type Sequence,
} from './progress.ts';

/**
 * Logits (T, V + 1) of each of several sequences with masks, in one network call; the mask's column is ignored (SUBS).
 * At most `sequencesPerCall` at a time.
 */
export type Denoise = (sequences: readonly Uint32Array[]) => Promise<readonly Float32Array[]>;

/** The settings of a decoder and what it must know of the model. */
export type DecodeOptions = PlanOptions;

/** What a call is made for: to decode, to verify drafts as well, or to edit after the last mask. */
export type CallKind = 'decode' | 'verify' | 'edit';

/** Network calls so far, those of verification and of editing among them, and the sequences that they read in all. */
export interface CallCounts {
  readonly calls: number;
  readonly verifyCalls: number;
  readonly editCalls: number;
  readonly sequences: number;
}

export interface Frame extends Sequence {
  /** Network calls so far. */
  readonly call: number;
}

export interface DecodeStep extends Advance {
  readonly kind: CallKind;
  readonly counts: CallCounts;
}

/** Before the first call. */
export const noCalls: CallCounts = { calls: 0, verifyCalls: 0, editCalls: 0, sequences: 0 };

/** Network calls that decoding takes at most: fewer where a step commits nothing, or many. */
export function mostCalls(start: Uint32Array, options: DecodeOptions): number {
  const { revision, editCalls } = options.settings;
  return planOf(start, options).stretches.reduce((sum, { positions, steps }) => {
    const filling = revision === 'remask' ? steps : Math.min(positions.length, steps);
    return sum + filling + (revision === 'edit' ? editCalls : 0);
  }, 0);
}

/** Sequences that one network call reads at most. */
export function sequencesPerCall({ settings: { draftDepth, guidance } }: Pick<DecodeOptions, 'settings'>): number {
  return (1 + draftDepth) * (guidance > 0 ? 2 : 1);
}

/** Tokens written per network call from `start` to what a frame shows, on average; 0 where no call was needed. */
export function tokensPerCall(start: Uint32Array, { call, tokens }: Pick<Frame, 'call' | 'tokens'>): number {
  const written = tokens.filter((token, position) => token !== start[position]).length;
  return call > 0 ? written / call : 0;
}

/**
 * Decodes `start` (T), in which positions to fill hold the mask. Yields the start as frame 0, then a frame per step.
 * Throws `ConfigError` for guidance without a prompt.
 */
export async function* decode(denoise: Denoise, start: Uint32Array, options: DecodeOptions): AsyncGenerator<Frame> {
  yield frameAt(begin(start, planOf(start, options)), 0);
  for await (const { progress, counts } of decodeSteps(denoise, start, options)) yield frameAt(progress, counts.calls);
}

/** A sequence as a frame that shares no array with it. */
export function frameAt({ tokens, confidence, committedAt }: Sequence, call: number): Frame {
  return { call, tokens: tokens.slice(), confidence: confidence.slice(), committedAt: committedAt.slice() };
}

/**
 * The steps of a decode: one per network call, and those that need none because a draft was right. A step that leaves
 * the sequence as it was needs no call after it, and is not told of unless a call was made for it.
 */
export async function* decodeSteps(
  denoise: Denoise,
  start: Uint32Array,
  options: DecodeOptions,
): AsyncGenerator<DecodeStep> {
  const plan = planOf(start, options);
  const network = networkOf(denoise, start, plan);
  let progress = begin(start, plan);
  let known: readonly Known[] = [];
  let beliefs: Beliefs | null = null;
  let counts = noCalls;
  let kind: CallKind = 'decode';
  while (!isDone(plan, progress)) {
    const found = known.find(({ tokens }) => isSame(tokens, progress.tokens));
    if (!found) {
      const states = [progress.tokens, ...(beliefs ? drafts(plan, progress, beliefs) : [])];
      kind = isEditing(plan, progress) ? 'edit' : states.length > 1 ? 'verify' : 'decode';
      known = await network(states);
      counts = counted(counts, kind, states.length * (plan.settings.guidance > 0 ? 2 : 1));
    }
    beliefs = (found ?? known[0]).beliefs;
    const step = advance(plan, progress, beliefs, counts.calls);
    progress = step.progress;
    if (!found || step.isChanged) yield { ...step, kind, counts };
  }
}

interface Known {
  readonly tokens: Uint32Array;
  readonly beliefs: Beliefs;
}

function counted({ calls, verifyCalls, editCalls, sequences }: CallCounts, kind: CallKind, more: number): CallCounts {
  return {
    calls: calls + 1,
    verifyCalls: verifyCalls + (kind === 'verify' ? 1 : 0),
    editCalls: editCalls + (kind === 'edit' ? 1 : 0),
    sequences: sequences + more,
  };
}

/**
 * FreeDave 2510.00294: the states that the same decoder would come to from here, were the network to say what it said of
 * the state before. Those that turn out right are answered already when the decoder gets there.
 */
function drafts(plan: DecodePlan, from: Progress, stale: Beliefs): Uint32Array[] {
  const states: Uint32Array[] = [];
  let progress = from;
  while (states.length < plan.settings.draftDepth) {
    const step = advance(plan, progress, stale, 0);
    progress = step.progress;
    if (isDone(plan, progress)) break;
    if (step.isChanged) states.push(progress.tokens);
  }
  return states;
}

/** The network with guidance as one call: what it says of each state, and of each with the prompt masked. */
function networkOf(denoise: Denoise, start: Uint32Array, { settings, maskId }: DecodePlan) {
  const { guidance } = settings;
  const isGiven = (position: number) => start[position] !== maskId;
  if (guidance > 0 && !start.some((_, position) => isGiven(position)))
    throw new ConfigError(`expected 0 without a prompt to be guided by, got ${guidance}`, { path: 'decode.guidance' });
  return async (states: readonly Uint32Array[]): Promise<Known[]> => {
    const without = guidance > 0 ? states.map((tokens) => tokens.map((token, i) => (isGiven(i) ? maskId : token))) : [];
    const logits = await denoise([...states, ...without]);
    return states.map((tokens, index) => {
      const unconditional = logits[states.length + index];
      const guided = guidance > 0 ? { unconditional, scale: guidance } : null;
      const columns = logits[index].length / tokens.length;
      return { tokens, beliefs: beliefsOf(logits[index], maskId, columns, guided) };
    });
  };
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((token, position) => token === b[position]);
}
