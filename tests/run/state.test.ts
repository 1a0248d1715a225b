/**
 * The state machine of a run, as one table of every state and event, and as properties over random sequences: nothing is
 * closed or filed with steps in flight, no saved step is lost, one piece of work is under way at a time, and it ends.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Effect, initialState, type RunEvent, type RunState, reduce } from '../../src/run/state.ts';

const fresh = initialState(10);
const open: RunState = { ...fresh, phase: 'running', isOpen: true, step: 4, saved: 2 };
/** Where a run may stand, by name. */
const states = {
  suspended: fresh,
  opening: { ...fresh, phase: 'preparing', doing: 'open' },
  pulling: { ...open, doing: 'pull', inFlight: 2 },
  collecting: { ...open, doing: 'pull', inFlight: 1, isRecalled: true },
  saving: { ...open, doing: 'save', isSaveDue: true },
  paused: { ...open, phase: 'paused', wants: 'pause', saved: 4 },
  stepping: { ...open, phase: 'paused', wants: 'pause', saved: 4, allowance: 1, doing: 'pull', inFlight: 1 },
  closing: { ...open, doing: 'close', isRecalled: true, saved: 4 },
  ending: { ...open, doing: 'pull', inFlight: 1, ending: 'stopped' },
  endClosing: { ...open, doing: 'close', ending: 'stopped', saved: 4 },
  filing: { ...open, isOpen: false, doing: 'file', ending: 'stopped', saved: 4 },
  ended: { ...open, phase: 'ended', isOpen: false, ending: 'stopped', saved: 4 },
} satisfies Record<string, RunState>;

const home = (more: Partial<Extract<RunEvent, { kind: 'pulled' }>> = {}): RunEvent => ({
  kind: 'pulled',
  step: 5,
  inFlight: 0,
  isDone: false,
  isSaveDue: false,
  ...more,
});
const events = {
  lend: { kind: 'lend' },
  recall: { kind: 'recall' },
  lost: { kind: 'lost' },
  pause: { kind: 'pause' },
  resume: { kind: 'resume' },
  singleStep: { kind: 'singleStep' },
  stop: { kind: 'stop' },
  saveDue: { kind: 'saveDue' },
  opened: { kind: 'opened', step: 3, saved: 3 },
  home: home(),
  homeOneOut: home({ inFlight: 1 }),
  homeDue: home({ isSaveDue: true }),
  done: home({ step: null, isDone: true }),
  saved: { kind: 'saved', step: 4 },
  closed: { kind: 'closed' },
  filed: { kind: 'filed' },
  broke: { kind: 'broke', problem: 'it broke' },
  diverged: { kind: 'diverged', problem: 'NaN' },
} satisfies Record<string, RunEvent>;
type State = keyof typeof states;
type Event = keyof typeof events;

const wordsOf = (effect: Effect | null): string => {
  if (effect === null) return '-';
  if (effect.kind === 'pull') return `pull ${effect.ahead}`;
  return effect.kind === 'file' ? `file ${effect.ending}` : effect.kind;
};
/** Phase, work begun, and what ends it: `running / pull many`. */
const outcomeOf = (state: State, event: Event): string => {
  const { state: next, effect } = reduce(states[state], events[event]);
  return `${next.phase} / ${wordsOf(effect)}${next.ending && next.phase !== 'ended' ? ` / ${next.ending}` : ''}`;
};

const commands = ['lend', 'recall', 'lost', 'pause', 'resume', 'singleStep', 'stop', 'saveDue'] as const;
/** What can come of the work that is under way in a state, the loss of the device aside. */
const results: Record<State, readonly Event[]> = {
  suspended: [],
  opening: ['opened', 'broke'],
  pulling: ['home', 'homeOneOut', 'homeDue', 'done', 'broke', 'diverged'],
  collecting: ['home', 'homeOneOut', 'homeDue', 'done', 'broke', 'diverged'],
  saving: ['saved', 'broke', 'diverged'],
  paused: [],
  stepping: ['home', 'homeOneOut', 'homeDue', 'done', 'broke', 'diverged'],
  closing: ['closed', 'broke'],
  ending: ['home', 'homeOneOut', 'homeDue', 'done', 'broke', 'diverged'],
  endClosing: ['closed', 'broke'],
  filing: ['filed', 'broke'],
  ended: [],
};

const table: Record<State, Partial<Record<Event, string>>> = {
  suspended: {
    lend: 'preparing / open',
    recall: 'suspended / -',
    lost: 'suspended / -',
    pause: 'suspended / -',
    resume: 'suspended / -',
    singleStep: 'suspended / -',
    stop: 'suspended / file stopped / stopped',
    saveDue: 'suspended / -',
  },
  opening: {
    lend: 'preparing / -',
    recall: 'preparing / -',
    lost: 'suspended / -',
    pause: 'preparing / -',
    resume: 'preparing / -',
    singleStep: 'preparing / -',
    stop: 'preparing / - / stopped',
    saveDue: 'preparing / -',
    opened: 'running / pull many',
    broke: 'preparing / file failed / failed',
  },
  pulling: {
    lend: 'running / -',
    recall: 'running / -',
    lost: 'suspended / -',
    pause: 'running / -',
    resume: 'running / -',
    singleStep: 'running / -',
    stop: 'running / - / stopped',
    saveDue: 'running / -',
    home: 'running / pull many',
    homeOneOut: 'running / pull many',
    homeDue: 'running / save',
    done: 'running / save / finished',
    broke: 'running / close / failed',
    diverged: 'running / close / diverged',
  },
  collecting: {
    lend: 'running / -',
    recall: 'running / -',
    lost: 'suspended / -',
    pause: 'running / -',
    resume: 'running / -',
    singleStep: 'running / -',
    stop: 'running / - / stopped',
    saveDue: 'running / -',
    home: 'running / save',
    homeOneOut: 'running / pull none',
    homeDue: 'running / save',
    done: 'running / save / finished',
    broke: 'running / close / failed',
    diverged: 'running / close / diverged',
  },
  saving: {
    lend: 'running / -',
    recall: 'running / -',
    lost: 'suspended / -',
    pause: 'running / -',
    resume: 'running / -',
    singleStep: 'running / -',
    stop: 'running / - / stopped',
    saveDue: 'running / -',
    saved: 'running / pull many',
    broke: 'running / close / failed',
    diverged: 'running / close / diverged',
  },
  paused: {
    lend: 'paused / -',
    recall: 'paused / close',
    lost: 'suspended / -',
    pause: 'paused / -',
    resume: 'running / pull many',
    singleStep: 'paused / pull one',
    stop: 'paused / close / stopped',
    saveDue: 'paused / -',
  },
  stepping: {
    lend: 'paused / -',
    recall: 'paused / -',
    lost: 'suspended / -',
    pause: 'paused / -',
    resume: 'paused / -',
    singleStep: 'paused / -',
    stop: 'paused / - / stopped',
    saveDue: 'paused / -',
    home: 'paused / save',
    homeOneOut: 'paused / pull none',
    homeDue: 'paused / save',
    done: 'paused / close / finished',
    broke: 'paused / close / failed',
    diverged: 'paused / close / diverged',
  },
  closing: {
    lend: 'running / -',
    recall: 'running / -',
    lost: 'suspended / -',
    pause: 'running / -',
    resume: 'running / -',
    singleStep: 'running / -',
    stop: 'running / - / stopped',
    saveDue: 'running / -',
    closed: 'suspended / -',
    broke: 'running / file failed / failed',
  },
  ending: {
    lend: 'running / - / stopped',
    recall: 'running / - / stopped',
    lost: 'running / file stopped / stopped',
    pause: 'running / - / stopped',
    resume: 'running / - / stopped',
    singleStep: 'running / - / stopped',
    stop: 'running / - / stopped',
    saveDue: 'running / - / stopped',
    home: 'running / save / stopped',
    homeOneOut: 'running / pull none / stopped',
    homeDue: 'running / save / stopped',
    done: 'running / save / stopped',
    broke: 'running / close / failed',
    diverged: 'running / close / diverged',
  },
  endClosing: {
    lend: 'running / - / stopped',
    recall: 'running / - / stopped',
    lost: 'running / file stopped / stopped',
    pause: 'running / - / stopped',
    resume: 'running / - / stopped',
    singleStep: 'running / - / stopped',
    stop: 'running / - / stopped',
    saveDue: 'running / - / stopped',
    closed: 'running / file stopped / stopped',
    broke: 'running / file failed / failed',
  },
  filing: {
    lend: 'running / - / stopped',
    recall: 'running / - / stopped',
    lost: 'running / - / stopped',
    pause: 'running / - / stopped',
    resume: 'running / - / stopped',
    singleStep: 'running / - / stopped',
    stop: 'running / - / stopped',
    saveDue: 'running / - / stopped',
    filed: 'ended / -',
    broke: 'ended / -',
  },
  ended: Object.fromEntries(commands.map((command) => [command, 'ended / -'])),
};

describe('the states of a run', () => {
  it('has an entry in the table for every state and event', () => {
    for (const state of Object.keys(states) as State[]) {
      expect(Object.keys(table[state]).sort(), state).toEqual([...commands, ...results[state]].sort());
    }
  });

  const rows = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row).map(([event, outcome]) => [state as State, event as Event, outcome] as const),
  );
  it.each(rows)('%s, %s: %s', (state, event, outcome) => {
    expect(outcomeOf(state, event)).toBe(outcome);
  });

  it('keeps what the work before it brought', () => {
    expect(reduce(states.pulling, events.home).state).toMatchObject({ step: 5, saved: 2, inFlight: 0, doing: 'pull' });
    expect(reduce(states.saving, events.saved).state).toMatchObject({ saved: 4, isSaveDue: false });
    expect(reduce(states.opening, events.opened).state).toMatchObject({ step: 3, saved: 3, isOpen: true });
    expect(reduce(states.stepping, home({ step: null })).state.allowance).toBe(1);
    expect(reduce(states.stepping, events.home).state.allowance).toBe(0);
    expect(reduce(states.pulling, events.lost).state).toMatchObject({ inFlight: 0, isOpen: false, doing: null });
    expect(reduce(states.pulling, events.broke).state.problem).toBe('it broke');
  });

  it('calls a run that was stopped at its last step finished', () => {
    const last = { ...states.endClosing, step: 10, saved: 10 };
    expect(reduce(last, events.closed).effect).toEqual({ kind: 'file', ending: 'finished', problem: null });
  });

  it('takes no state of a run that did no step', () => {
    const early = { ...states.ending, step: 0, saved: -1, inFlight: 0, doing: 'pull' as const };
    expect(wordsOf(reduce(early, home({ step: null })).effect)).toBe('close');
  });
});

/** A machine that does the work, with steps in flight, a device that is lost at times, and work that breaks. */
function simulate(choices: readonly number[], steps: number) {
  let state = initialState(steps, { startPaused: choices[0] % 2 === 1 });
  let effect = null as Effect | null;
  const device = { trained: 0, told: 0, held: false };
  let stored = -1;
  const send = (event: RunEvent) => {
    const before = state;
    const next = reduce(state, event);
    const isCommand = event.kind !== 'lost' && (commands as readonly string[]).includes(event.kind);
    if (isCommand && before.doing !== null) expect(next.effect, 'one piece of work at a time').toBe(null);
    ({ state } = next);
    effect = next.effect ?? (state.doing === null ? null : effect);
    check();
  };
  const check = () => {
    expect(state.saved, 'what is saved was stored').toBe(stored);
    expect(state.doing === null).toBe(effect === null);
    if (
      effect?.kind === 'close' &&
      (state.ending === null || state.ending === 'stopped' || state.ending === 'finished')
    ) {
      expect([state.inFlight, state.step === 0 || state.saved === state.step]).toEqual([0, true]);
    }
    if (effect?.kind === 'save') expect(state.inFlight).toBe(0);
    if (state.phase === 'suspended' || state.phase === 'ended') expect(state.isOpen).toBe(false);
  };
  const finish = (isSaveDue: boolean) => {
    const work = effect!;
    switch (work.kind) {
      case 'open':
        device.held = true;
        device.trained = device.told = Math.max(0, stored);
        return send({ kind: 'opened', step: device.told, saved: stored });
      case 'pull': {
        const ahead = { none: 0, one: 1, many: 3 }[work.ahead];
        while (device.trained < steps && device.trained - device.told < ahead) device.trained += 1;
        const isDone = device.trained === device.told;
        if (isDone) expect(work.ahead, 'nothing is collected where nothing is out').not.toBe('none');
        if (!isDone) device.told += 1;
        const inFlight = device.trained - device.told;
        return send({ kind: 'pulled', step: isDone ? null : device.told, inFlight, isDone, isSaveDue });
      }
      case 'save':
        expect(device.trained).toBe(device.told);
        stored = device.told;
        return send({ kind: 'saved', step: device.told });
      case 'close':
        device.held = false;
        return send({ kind: 'closed' });
      case 'file':
        return send({ kind: 'filed' });
      default:
        return work satisfies never;
    }
  };
  const doing: ((choice: number) => void)[] = [
    () => send({ kind: 'pause' }),
    () => send({ kind: 'resume' }),
    () => send({ kind: 'singleStep' }),
    () => send({ kind: 'saveDue' }),
    () => send({ kind: 'recall' }),
    () => state.phase === 'suspended' && send({ kind: 'lend' }),
    () => {
      device.held = false;
      send({ kind: 'lost' });
    },
    (choice) => choice > 950 && send({ kind: 'stop' }),
    (choice) => effect && choice > 950 && send({ kind: 'broke', problem: 'it broke' }),
    (choice) => effect?.kind === 'pull' && choice > 950 && send({ kind: 'diverged', problem: 'NaN' }),
  ];
  for (const choice of choices) {
    if (choice % 3 > 0 && effect) finish(choice % 7 === 0);
    else doing[choice % doing.length](choice);
    expect(device.held || !state.isOpen || effect?.kind === 'open', 'what is open has the device').toBe(true);
  }
  // Left alone, with a device, it comes to its end.
  for (let round = 0; state.phase !== 'ended' && round < 4 * steps + 40; round += 1) {
    if (effect) finish(false);
    else if (state.phase === 'suspended') send({ kind: 'lend' });
    else send({ kind: 'resume' });
  }
  return { state, stored, device };
}

describe('a run through anything', () => {
  it('ends, filed once, off the device, with the last step saved where it ended well', () => {
    const choices = fc.array(fc.nat(999), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(choices, fc.integer({ min: 1, max: 12 }), (some, steps) => {
        const { state, stored, device } = simulate(some, steps);
        expect(state.phase).toBe('ended');
        expect(device.held).toBe(false);
        if (state.ending === 'finished') expect(stored).toBe(steps);
        if (state.problem === null) expect(['finished', 'stopped']).toContain(state.ending);
      }),
      { numRuns: 500 },
    );
  });
});
