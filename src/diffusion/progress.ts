/**
 * Where a decode stands, and one step of it: a pure function of the state and what the network says of it, so that steps
 * can be drafted ahead and repeated. Spans are filled from left to right.
 */
import type { DecodeSettings } from '../config/decodeSettings.ts';
import type { Beliefs } from './beliefs.ts';
import { decide } from './decide.ts';
import type { Decision, DecodeView } from './view.ts';

/** Masked positions that are decoded together, and their share of the steps. */
export interface Stretch {
  readonly positions: readonly number[];
  readonly steps: number;
}

export interface DecodePlan {
  readonly settings: DecodeSettings;
  readonly maskId: number;
  readonly stretches: readonly Stretch[];
}

/** A sequence as far as it has come. Arrays have one entry per position. */
export interface Sequence {
  readonly tokens: Uint32Array;
  /** Probability of each token when it was committed; 1 for given ones, NaN where still masked. */
  readonly confidence: Float32Array;
  /** Call at which a position was committed or edited; 0 for given ones, -1 where still masked. */
  readonly committedAt: Int32Array;
}

/** A sequence and what comes next: the stretch, its step, and the editing calls made in it. Never changed in place. */
export interface Progress extends Sequence {
  readonly stretch: number;
  readonly step: number;
  readonly editing: number;
}

export interface Advance {
  readonly view: DecodeView;
  readonly decision: Decision;
  readonly progress: Progress;
  /** Whether the network reads another sequence from now on. */
  readonly isChanged: boolean;
}

export interface PlanOptions {
  readonly settings: DecodeSettings;
  readonly maskId: number;
  /** Positions that the model sees both ways at once: the window, the model's blocks, or 1. */
  readonly window: number;
}

/** The stretches that hold masks, from left to right. Steps go to them by their masks, at least one each. */
export function planOf(start: Uint32Array, { settings, maskId, window }: PlanOptions): DecodePlan {
  const { span, blockSize, budget, steps } = settings;
  const own = span === 'blocks' ? blockSize : window;
  const stretches = new Map<string, number[]>();
  start.forEach((token, position) => {
    if (token !== maskId) return;
    // A block of the decoder never spans two of the model.
    const key = `${Math.floor(position / window)} ${Math.floor((position % window) / own)}`;
    stretches.set(key, [...(stretches.get(key) ?? []), position]);
  });
  const total = start.filter((token) => token === maskId).length;
  const isSpread = budget === 'quota' || budget === 'each';
  let before = 0;
  const spread = [...stretches.values()].map((positions): Stretch => {
    const share = (masks: number) => Math.round((masks * steps) / total);
    const its = share(before + positions.length) - share(before);
    before += positions.length;
    return { positions, steps: isSpread ? Math.max(1, its) : positions.length };
  });
  return { settings, maskId, stretches: spread };
}

/** The state before the first call. */
export function begin(start: Uint32Array, { maskId }: DecodePlan): Progress {
  const confidence = Float32Array.from(start, (token) => (token === maskId ? Number.NaN : 1));
  const committedAt = Int32Array.from(start, (token) => (token === maskId ? -1 : 0));
  return { tokens: start.slice(), confidence, committedAt, stretch: 0, step: 0, editing: 0 };
}

export function isDone({ stretches }: DecodePlan, { stretch }: Progress): boolean {
  return stretch >= stretches.length;
}

/** Whether the span at hand has no mask left and is only gone over. */
export function isEditing(plan: DecodePlan, { stretch, tokens }: Progress): boolean {
  return (
    plan.settings.revision === 'edit' &&
    plan.stretches[stretch].positions.every((position) => tokens[position] !== plan.maskId)
  );
}

/** One step, decided by what the network said of the sequence, and carried out as part of call `call`. */
export function advance(plan: DecodePlan, progress: Progress, beliefs: Beliefs, call: number): Advance {
  const { settings, maskId } = plan;
  const { tokens, confidence, stretch, step } = progress;
  const { positions, steps } = plan.stretches[stretch];
  const view: DecodeView = {
    settings,
    beliefs,
    open: positions.filter((position) => tokens[position] === maskId),
    revealed: positions.filter((position) => tokens[position] !== maskId),
    tokens,
    confidence,
    step,
    steps,
    openAtStart: positions.length,
  };
  const decision = decide(view);
  const sequence = carryOut(progress, decision, { call, maskId });
  const isLeft = positions.some((position) => sequence.tokens[position] === maskId);
  const next = nextOf(plan, progress, { isLeft, wasOpen: view.open.length > 0, edits: decision.edits.length });
  const isChanged = decision.commit.length + decision.remask.length + decision.edits.length > 0;
  return { view, decision, progress: { ...sequence, ...next }, isChanged };
}

/** Which step comes next: of the same stretch while it has masks, may be masked again or is edited, else of the next one. */
function nextOf(
  { settings, stretches }: DecodePlan,
  { stretch, step, editing }: Progress,
  { isLeft, wasOpen, edits }: { isLeft: boolean; wasOpen: boolean; edits: number },
): Pick<Progress, 'stretch' | 'step' | 'editing'> {
  const made = wasOpen ? editing : editing + 1;
  const further = { stretch, step: step + 1, editing: made };
  if (isLeft) return further;
  if (settings.revision === 'remask' && step + 1 < stretches[stretch].steps) return further;
  const isUnsettled = wasOpen || edits > 0;
  if (settings.revision === 'edit' && isUnsettled && made < settings.editCalls) return further;
  return { stretch: stretch + 1, step: 0, editing: 0 };
}

/** The sequence after a decision of call `call`. */
export function carryOut(
  sequence: Sequence,
  { commit, remask, edits }: Pick<Decision, 'commit' | 'remask' | 'edits'>,
  { call, maskId }: { call: number; maskId: number },
): Sequence {
  const [tokens, confidence, committedAt] = [
    sequence.tokens.slice(),
    sequence.confidence.slice(),
    sequence.committedAt.slice(),
  ];
  for (const position of remask) {
    tokens[position] = maskId;
    confidence[position] = Number.NaN;
    committedAt[position] = -1;
  }
  for (const { position, token, confidence: probability } of [...edits, ...commit]) {
    tokens[position] = token;
    confidence[position] = probability;
    committedAt[position] = call;
  }
  return { tokens, confidence, committedAt };
}
