/**
 * How fast this machine trains, as the page knows it: measured in the background once it is open, left off as soon as a
 * run wants the device, and corrected by the runs themselves. Not here: measuring (`src/run/machine.ts`).
 */
import { defaultPresetId, presetExperiment, presetToStartWith } from '../config/presets.ts';
import type { Experiment } from '../config/schema.ts';
import { type Calibration, correct, type Estimate, estimateRun, trainingWork } from '../run/duration.ts';
import { chooseBackend, type Machine, measureMachine, type Speeds, unmeasuredSpeeds } from '../run/machine.ts';
import type { BackendKind, MachineReport } from './protocol.ts';
import { machineReport } from './reports.ts';

/** Vocabulary of the experiment that is measured: about the characters of a book. */
const measuredVocabulary = 80;

export interface MachineSpeeds {
  /** Measures every backend; resolves when that is done or was left off. */
  measure(): Promise<void>;
  /** Whether every backend has been measured, or will not be. */
  isDone(): boolean;
  /** Leaves measuring off after the steps in flight. */
  leaveOff(): void;
  /** The backend to train on, as far as is known. */
  chosen(): BackendKind;
  /** Seconds that a run will take on a backend, or that nobody can tell yet. */
  estimate(backend: BackendKind, experiment: Experiment, vocabularySize: number): Estimate;
  /** Hears how long the steps of a run really take, in seconds. */
  timed(backend: BackendKind, experiment: Experiment, vocabularySize: number, secondsPerStep: number): void;
  report(): MachineReport;
}

/** `onChange` is told whenever more is known. */
export function createSpeeds(machine: Machine, onChange: () => void): MachineSpeeds {
  let leaving = new AbortController();
  let speeds: Speeds = unmeasuredSpeeds(machine);
  let calibration: Calibration = {};
  const works = new WeakMap<Experiment, ReturnType<typeof trainingWork>>();

  const workOf = (experiment: Experiment, vocabularySize: number) => {
    const work = works.get(experiment) ?? trainingWork(experiment, vocabularySize);
    works.set(experiment, work);
    return work;
  };
  const estimate = (backend: BackendKind, experiment: Experiment, vocabularySize: number) =>
    estimateRun(calibration, backend, experiment, vocabularySize);
  const measured = presetExperiment(defaultPresetId);
  const chosen = () => chooseBackend({ adapter: machine.adapter, speeds });
  const take = (found: Speeds) => {
    speeds = found;
    for (const [backend, speed] of Object.entries(found) as [BackendKind, Speeds[BackendKind]][]) {
      if (speed?.kind !== 'measured') continue;
      calibration = correct(calibration, backend, workOf(measured, measuredVocabulary), speed.secondsPerStep);
    }
    onChange();
  };
  return {
    measure: async () => {
      leaving.abort();
      leaving = new AbortController();
      const { signal } = leaving;
      await measureMachine(machine, measured, measuredVocabulary, { signal, onSpeed: take });
    },
    leaveOff: () => leaving.abort(),
    isDone: () =>
      Object.values(speeds).every((speed) => speed.kind === 'measured' || !['not yet', 'stopped'].includes(speed.why)),
    chosen,
    estimate,
    timed: (backend, experiment, vocabularySize, secondsPerStep) => {
      calibration = correct(calibration, backend, workOf(experiment, vocabularySize), secondsPerStep);
    },
    report: () => {
      const { id } = presetToStartWith((experiment) => {
        const found = estimate(chosen(), experiment, measuredVocabulary);
        return found.kind === 'estimated' ? found.seconds : null;
      });
      return machineReport(machine, speeds, id);
    },
  };
}
