/**
 * The page's conversation with the engine: every command goes out here, every telemetry message comes in here.
 * Decoding and routes have their own files (`decode.ts`, `routing.ts`) and reach the engine through `ask`.
 */
import { corpusKind } from '../config/corpusKinds.ts';
import { differences } from '../config/experiment.ts';
import type { BackendKind, CommandName, Commands, ModelReport, Problem, TrainRequest } from '../worker/protocol.ts';
import type { Message, MessageKind } from '../worker/telemetry.ts';
import {
  adoptExperiment,
  type Configuration,
  choosePreset,
  edit,
  runName,
  setOwnText,
  useConfiguration,
} from './configuration.ts';
import type { Engine } from './engine.ts';
import { followLive, showRun } from './live.ts';
import type { OwnText } from './ownText.ts';
import { addProblem, currentRef, dismissProblem, isActive, keptRun, unusedName, useRun } from './run.ts';

let engine: Engine | null = null;

/** The last failure of each command. */
const lastProblems = new Map<CommandName, Problem>();

/** Milliseconds that a configuration rests before the engine is asked about it. */
const inspectDelay = 300;

/** Connects the page to an engine: call once, before anything else here. */
export function connect(connected: Engine): void {
  engine = connected;
  follow(connected);
  followLive(connected);
  let timer: ReturnType<typeof setTimeout> | undefined;
  useConfiguration.subscribe((now, before) => {
    if (isSameRequest(now, before)) return;
    clearTimeout(timer);
    timer = setTimeout(inspect, inspectDelay);
  });
}

/** Sends one command; a failure is shown to the person, and answered as null. */
export async function ask<N extends CommandName>(
  name: N,
  argument: Commands[N]['argument'],
): Promise<Commands[N]['answer'] | null> {
  if (!engine) throw new Error('ask: expected a connected engine, got none');
  // A new try answers for the last one: its problem is no longer the state of things.
  const before = lastProblems.get(name);
  if (before) dismissProblem(before);
  const outcome = await engine.request(name, argument);
  if (outcome.ok) return outcome.value;
  addProblem(outcome.problem);
  lastProblems.set(name, outcome.problem);
  return null;
}

/** Calls `listener` for every message of a kind; the returned function ends that. */
export function listen<K extends MessageKind>(kind: K, listener: (message: Message<K>) => void): () => void {
  if (!engine) throw new Error('listen: expected a connected engine, got none');
  return engine.on(kind, listener);
}

/**
 * Opens the engine: finds what the machine offers, loads the bundled model, and takes the preset that suits the machine.
 * @param baseUrl address of the page, beside which the bundled model lies
 */
export async function open(baseUrl: string): Promise<void> {
  const answer = await ask('open', { baseUrl });
  if (!answer) {
    useRun.setState({ openFailed: true });
    return;
  }
  const { machine, bundled, library } = answer;
  useRun.setState({ machine, bundled, library, backend: machine.chosen });
  if (!useConfiguration.getState().chosenByPerson) {
    choosePreset(machine.presetId, false);
  }
  await inspect();
}

/** Asks the engine what the edited configuration would cost; the answer to an outdated question is dropped. */
export async function inspect(): Promise<void> {
  const { machine } = useRun.getState();
  if (!engine || !machine) return;
  const request = trainRequest();
  if (!request) {
    const action = 'Paste or drop a text in the section "Text".';
    useRun.setState({
      inspection: {
        state: 'refused',
        problem: { kind: 'data', message: 'Your own text: expected a text to learn from, got none yet.', action },
      },
    });
    return;
  }
  const asked = useConfiguration.getState();
  const outcome = await engine.request('inspect', request);
  if (!isSameRequest(useConfiguration.getState(), asked)) return;
  useRun.setState({
    inspection: outcome.ok ? { state: 'ready', ...outcome.value } : { state: 'refused', problem: outcome.problem },
  });
}

/** Trains the edited configuration, from scratch or from the weights that were chosen; a run in progress is stopped first. */
export async function train(startPaused = false): Promise<void> {
  const request = trainRequest();
  if (!request) {
    await inspect();
    return;
  }
  useRun.setState({ starting: true, problems: [], addressProblems: [] });
  const { ownText } = useConfiguration.getState();
  askToKeep();
  const name = unusedName(useRun.getState(), runName());
  const answer = await ask('train', { ...request, startPaused, name });
  if (!answer) {
    useRun.setState({ starting: false });
    return;
  }
  takeRun(answer.run, answer.model, ownText);
  useRun.setState({ starting: false });
}

/** Goes on with the run that an earlier visit left: the page takes over its configuration, its text and its curves. */
export async function continueRun(id = keptRun(useRun.getState())?.id): Promise<void> {
  if (id === undefined) return;
  useRun.setState({ starting: true, problems: [], addressProblems: [] });
  askToKeep();
  const answer = await ask('continueRun', { id });
  if (!answer) {
    useRun.setState({ starting: false });
    return;
  }
  const ownText = ownTextOf(answer.text);
  adoptExperiment(answer.model.experiment);
  if (ownText) setOwnText(ownText);
  takeRun(id, answer.model, ownText);
  useRun.setState({ starting: false });
}

/** Another run is the one on show; what is known of the last one stays known, as that of a kept model. */
function takeRun(run: string, model: ModelReport, ownText: OwnText | null): void {
  showRun(run);
  useRun.setState((before) => {
    const last = currentRef(before);
    const described = last && before.model ? new Map([...before.described, [last, before.model]]) : before.described;
    return { run, model, ownText, described };
  });
}

/** Gives the run of an earlier visit up; its record is among the saved runs, its weights among the kept ones. */
export async function forgetRun(id = keptRun(useRun.getState())?.id): Promise<void> {
  if (id !== undefined) await ask('forgetRun', { id });
}

/** The page is left: the run is saved and let go of, so that another tab, or the next visit, can go on with it. */
export async function leave(): Promise<void> {
  await ask('leave', {});
}

/** The page is back as it was left: its run goes on, unless another tab has it. */
export async function comeBack(): Promise<void> {
  await ask('return', {});
}

/** Saves the run, if one is in progress: the page may be about to go. */
export async function save(): Promise<void> {
  if (isActive(useRun.getState())) await ask('save', {});
}

/** Asks the browser not to clear what is kept when the disk fills up. Whatever it answers, runs are kept as long as it likes. */
function askToKeep(): void {
  void globalThis.navigator?.storage?.persist?.();
}

/** Pauses the run after the step in progress. */
export const pause = (): Promise<void> => changeRun('pause');
/** Goes on with a paused run. */
export const resume = (): Promise<void> => changeRun('resume');
/** Takes one training step of a paused run. */
export const singleStep = (): Promise<void> => changeRun('singleStep');
/** Ends the run; its weights stay for decoding and routes. */
export const stop = (): Promise<void> => changeRun('stop');

async function changeRun(name: 'pause' | 'resume' | 'singleStep' | 'stop'): Promise<void> {
  const answer = await ask(name, {});
  if (answer) useRun.setState({ status: answer.status });
}

/** Waits this many milliseconds between two steps, of this run and of those after it. */
export async function setPace(delay: number): Promise<void> {
  const answer = await ask('pace', { delay });
  if (answer) useRun.setState({ delay: answer.delay });
}

/** Runs on the GPU or on the CPU from now on. */
export async function switchBackend(backend: BackendKind): Promise<void> {
  const answer = await ask('useBackend', { backend });
  if (answer) takeBackend(answer.backend);
}

/** Another backend takes another time for the same run. */
function takeBackend(backend: BackendKind): void {
  if (useRun.getState().backend === backend) return;
  useRun.setState({ backend });
  void inspect();
}

/**
 * Edits the configuration into the dense model of equal training FLOPs per token or of equal parameters. Answers how
 * near it comes (1 is equal), or null with a problem shown.
 */
export async function matchDense(by: Commands['match']['argument']['by']): Promise<number | null> {
  const request = trainRequest();
  const answer = request && (await ask('match', { ...request, by }));
  // Edited meanwhile: the answer is to another question.
  if (!answer || useConfiguration.getState().experiment !== request.experiment) return null;
  const changes = differences(answer.experiment, request.experiment);
  for (const [path, value] of Object.entries(changes)) edit(path, value);
  return answer.ratio;
}

/** Gives up the edits made since the run started. */
export function discardEdits(): void {
  const { model, ownText } = useRun.getState();
  if (!model) return;
  adoptExperiment(model.experiment);
  if (corpusKind(model.experiment.data.corpus).isOwn) setOwnText(ownText);
}

/** Hash of the run's weights and optimizer state. */
export function stateHash(): Promise<{ hash: string; step: number } | null> {
  return ask('stateHash', {});
}

/** What is asked of the engine for the edited configuration; null where its text is missing. */
export function trainRequest(): TrainRequest | null {
  const { experiment, ownText, from } = useConfiguration.getState();
  const request = from ? { experiment, from } : { experiment };
  if (!corpusKind(experiment.data.corpus).isOwn) return request;
  return ownText && { ...request, text: ownText.text };
}

function isSameRequest(now: Configuration, before: Configuration): boolean {
  return now.experiment === before.experiment && now.ownText === before.ownText && now.from === before.from;
}

/** Takes in what the engine tells of the run, the machine and what is kept. Live figures: `live.ts`. */
function follow(connected: Engine): void {
  connected.on('status', ({ status }) => {
    const before = useRun.getState().status;
    useRun.setState(status ? { status, backend: status.backend } : { status });
    // A run that has ended has shown how fast this machine is.
    if (status?.phase === 'ended' && before?.phase !== 'ended') void inspect();
  });
  connected.on('machine', ({ machine }) => {
    useRun.setState({ machine });
    const run = useRun.getState();
    const isUntouched = run.model === null && !isActive(run) && !useConfiguration.getState().chosenByPerson;
    if (isUntouched) choosePreset(machine.presetId, false);
    void inspect();
  });
  connected.on('device', ({ backend }) => takeBackend(backend));
  connected.on('problem', ({ problem }) => addProblem(problem));
  connected.on('library', ({ library }) => useRun.setState({ library }));
  // The queue has started a run: it is the one on show, as if it had been started by hand.
  connected.on('started', ({ run, model, text }) => takeRun(run, model, ownTextOf(text)));
}

function ownTextOf(text: string | null): OwnText | null {
  return text === null ? null : { name: 'the text of the run', text };
}
