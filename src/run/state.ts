/**
 * One run of training as a state machine: a pure function from a state and an event to the next state and the one piece
 * of work to do next. Who does the work is `session.ts`; nothing here knows a device, a clock or a store.
 *
 *   suspended --lend--> preparing --opened--> running <--pause, resume--> paused
 *       ^                                        |                          |
 *       +------------- recall, lost -------------+--------------------------+
 *   every phase --stop, broke, diverged, the last step--> ended (finished, stopped, failed, diverged)
 *
 * At most one piece of work is under way (`doing`). What a person or the device broker asks for while it is only changes
 * the state; when the work has ended, `decide` says what comes next. Nothing is saved, closed or filed while steps are in
 * flight: they are collected first (`pull` with `ahead` 0), so that what is saved belongs to the last step that was told.
 */
import type { Ending, RunPhase } from '../config/records.ts';

export type Work = 'open' | 'pull' | 'save' | 'close' | 'file';

export interface RunState {
  readonly phase: RunPhase;
  /** How it ends, as soon as that is known; the phase is `ended` once it is filed. */
  readonly ending: Ending | null;
  /** Why it failed or diverged, in one sentence. */
  readonly problem: string | null;
  /** What a person wants. */
  readonly wants: 'run' | 'pause';
  /** Single steps that a person asked for in a pause and that have not come home. */
  readonly allowance: number;
  /** The device is wanted back: the run lets go of it once its state is saved. */
  readonly isRecalled: boolean;
  readonly isSaveDue: boolean;
  /** Compiled on a device that it holds. */
  readonly isOpen: boolean;
  readonly doing: Work | null;
  /** Steps to have done at the end. */
  readonly steps: number;
  /** The last step that came home. */
  readonly step: number;
  /** The step whose state is safe; -1 while none is. */
  readonly saved: number;
  /** Steps submitted that have not come home, and validations that are due. */
  readonly inFlight: number;
}

export type RunEvent =
  /** A device is there for the run. */
  | { readonly kind: 'lend' }
  /** The device is wanted back. */
  | { readonly kind: 'recall' }
  /** The device is gone, with all that was on it. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'pause' | 'resume' | 'singleStep' | 'stop' | 'saveDue' }
  /** Work that has ended: opened at a step, of which the state is safe or not. */
  | { readonly kind: 'opened'; readonly step: number; readonly saved: number }
  /** A step came home, or a validation (`step` is then null), or there was nothing left (`isDone`). */
  | {
      readonly kind: 'pulled';
      readonly step: number | null;
      readonly inFlight: number;
      readonly isDone: boolean;
      readonly isSaveDue: boolean;
    }
  | { readonly kind: 'saved'; readonly step: number }
  | { readonly kind: 'closed' | 'filed' }
  /** The work under way failed, though the device is there. */
  | { readonly kind: 'broke'; readonly problem: string }
  /** A number that is not finite: in the step that came home, or in the state to be saved. */
  | { readonly kind: 'diverged'; readonly problem: string };

export type Effect =
  | { readonly kind: 'open' | 'save' | 'close' }
  /** Fetch the next event, with so many steps in flight; 0 submits none. */
  | { readonly kind: 'pull'; readonly ahead: 'none' | 'one' | 'many' }
  | { readonly kind: 'file'; readonly ending: Ending; readonly problem: string | null };

/** What there is to do next, if anything. */
export interface Transition {
  readonly state: RunState;
  readonly effect: Effect | null;
}

/** A run that has no device yet; `saved` is the step that it goes on from, -1 for a fresh one. */
export function initialState(steps: number, { startPaused = false, saved = -1 } = {}): RunState {
  return {
    phase: 'suspended',
    ending: null,
    problem: null,
    wants: startPaused ? 'pause' : 'run',
    allowance: 0,
    isRecalled: false,
    isSaveDue: false,
    isOpen: false,
    doing: null,
    steps,
    step: Math.max(0, saved),
    saved,
    inFlight: 0,
  };
}

/** The next state, and the work to begin; null while work is under way, or where there is none. */
export function reduce(state: RunState, event: RunEvent): Transition {
  const next = apply(state, event);
  if (next.doing !== null || next.phase === 'ended') return { state: next, effect: null };
  const decided = decide(next);
  const { effect } = decided;
  return effect ? { state: { ...decided.state, doing: effect.kind }, effect } : decided;
}

function apply(state: RunState, event: RunEvent): RunState {
  if (state.phase === 'ended') return state;
  switch (event.kind) {
    case 'lend':
      return state.phase === 'suspended' && state.ending === null ? { ...state, phase: 'preparing' } : state;
    case 'recall':
      return state.phase === 'suspended' ? state : { ...state, isRecalled: true };
    case 'lost':
      return lost(state);
    case 'pause':
      return { ...state, wants: 'pause', allowance: 0 };
    case 'resume':
      return { ...state, wants: 'run', allowance: 0 };
    case 'singleStep':
      return state.wants === 'pause' ? { ...state, allowance: state.allowance + 1 } : state;
    case 'stop':
      return { ...state, ending: state.ending ?? 'stopped' };
    case 'saveDue':
      return state.isOpen ? { ...state, isSaveDue: true } : state;
    case 'opened':
      return { ...state, doing: null, isOpen: true, step: event.step, saved: event.saved, inFlight: 0 };
    case 'pulled':
      return pulled(state, event);
    case 'saved':
      return { ...state, doing: null, saved: event.step, isSaveDue: false };
    case 'closed':
      return closed(state);
    case 'filed':
      return { ...state, doing: null, phase: 'ended' };
    case 'broke':
      return broke(state, event.problem);
    case 'diverged':
      return { ...state, doing: null, ending: 'diverged', problem: event.problem };
    default:
      return event satisfies never;
  }
}

/** The device took everything with it, the work under way too; what is saved is safe. Filing needs no device. */
function lost(state: RunState): RunState {
  const doing = state.doing === 'file' ? 'file' : null;
  const gone = { ...state, doing, isOpen: false, isRecalled: false, isSaveDue: false, inFlight: 0 } as const;
  return state.ending ? gone : { ...gone, phase: 'suspended' };
}

function pulled(state: RunState, event: Extract<RunEvent, { kind: 'pulled' }>): RunState {
  const { step, inFlight, isDone } = event;
  const isStep = step !== null;
  return {
    ...state,
    doing: null,
    inFlight,
    step: step ?? state.step,
    allowance: isStep ? Math.max(0, state.allowance - 1) : state.allowance,
    isSaveDue: state.isSaveDue || event.isSaveDue,
    ending: state.ending ?? (isDone ? 'finished' : null),
  };
}

function closed(state: RunState): RunState {
  const left = { ...state, doing: null, isOpen: false, isRecalled: false, isSaveDue: false, inFlight: 0 };
  return state.ending ? left : { ...left, phase: 'suspended' };
}

/** Whatever breaks ends the run. What breaks while it ends does not hold up the rest of the end. */
function broke(state: RunState, problem: string): RunState {
  const ended = { ...state, doing: null, inFlight: 0 };
  if (state.doing === 'file') return { ...ended, phase: 'ended' };
  const isOpen = state.isOpen && state.doing !== 'close';
  if (state.ending === 'failed' || state.ending === 'diverged') return { ...ended, isOpen };
  return { ...ended, isOpen, ending: 'failed', problem };
}

const none = (state: RunState): Transition => ({ state, effect: null });
const doing = (state: RunState, effect: Effect): Transition => ({ state, effect });
const collect: Effect = { kind: 'pull', ahead: 'none' };

/** What comes next when nothing is under way. */
function decide(state: RunState): Transition {
  if (state.ending) return end(state, state.ending);
  if (!state.isOpen)
    return state.phase === 'preparing' && !state.isRecalled ? doing(state, { kind: 'open' }) : unlent(state);
  const isWhole = state.inFlight === 0;
  const isSafe = state.saved === state.step;
  const isPaused = state.wants === 'pause' && state.allowance === 0;
  if (state.isRecalled || state.isSaveDue || isPaused) {
    if (!isWhole) return doing(state, collect);
    if (!isSafe) return doing(state, { kind: 'save' });
    if (state.isRecalled) return doing(state, { kind: 'close' });
    if (isPaused) return none({ ...state, phase: 'paused', isSaveDue: false });
  }
  const pulling: RunState = { ...state, isSaveDue: false, phase: state.wants === 'run' ? 'running' : state.phase };
  return doing(pulling, { kind: 'pull', ahead: state.wants === 'run' ? 'many' : 'one' });
}

/** Recalled before it was opened: there is nothing to let go of. */
function unlent(state: RunState): Transition {
  return none({ ...state, phase: 'suspended', isRecalled: false });
}

/** The steps in flight first, then the state, then the device, then the record. A run that broke saves nothing more. */
function end(state: RunState, chosen: Ending): Transition {
  const ending = chosen === 'stopped' && state.step >= state.steps ? 'finished' : chosen;
  if (state.isOpen) {
    const isSound = ending === 'finished' || ending === 'stopped';
    if (isSound && state.inFlight > 0) return doing(state, collect);
    if (isSound && state.step > 0 && state.saved !== state.step) return doing(state, { kind: 'save' });
    return doing(state, { kind: 'close' });
  }
  return doing({ ...state, ending }, { kind: 'file', ending, problem: state.problem });
}
