/** What handlers of commands are, and what they share: the parts of the engine, made once (`../engine.ts`). */
import type { ModelRef } from '../../config/modelRef.ts';
import type { Experiment } from '../../config/schema.ts';
import type { Corpus } from '../../data/corpora.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { Checkpoint } from '../../model/weights.ts';
import type { Machine } from '../../run/machine.ts';
import type { RunText } from '../../train/text.ts';
import type { DeviceBroker } from '../deviceBroker.ts';
import type { ModelLibrary } from '../library.ts';
import type { Locks } from '../locks.ts';
import type { Models } from '../models.ts';
import type { BackendKind, CommandName, Commands, Library } from '../protocol.ts';
import type { Queue } from '../queue.ts';
import type { Scheduler } from '../scheduler.ts';
import type { MachineSpeeds } from '../speeds.ts';
import type { SiteStorage } from '../stored.ts';
import type { Telemetry } from '../telemetry.ts';

export type Handler<N extends CommandName> = (argument: Commands[N]['argument']) => Promise<Commands[N]['answer']>;
export type Handlers<N extends CommandName = CommandName> = { [K in N]: Handler<K> };

export interface Engine {
  readonly emit: (telemetry: Telemetry) => void;
  readonly report: (error: unknown) => void;
  readonly locks: Locks;
  readonly broker: DeviceBroker;
  readonly models: Models;
  readonly scheduler: Scheduler;
  readonly queue: Queue;
  /** Throws `ConfigError` before `open`. */
  storage(): SiteStorage;
  library(): ModelLibrary;
  machine(): Machine;
  speeds(): MachineSpeeds;
  /** Files of weights that were opened since the page was. */
  readonly files: Map<string, Checkpoint>;
  /** The text of a configuration; `own` where it is the person's, `tokenizer` where a model brings one. */
  textOf(experiment: Experiment, own: string | null, tokenizer?: Tokenizer): Promise<RunText>;
  /** A corpus with its sections; null for a person's own text. */
  corpusOf(corpus: Experiment['data']['corpus']): Promise<Corpus | null>;
  /** What a model is, read from where it lies. */
  checkpointOf(ref: ModelRef): Promise<Checkpoint>;
  /** What is kept on this machine. */
  kept(): Promise<Library>;
  /** Tells the page of it. */
  tellLibrary(): Promise<void>;
  openAt(baseUrl: string, backend: BackendKind | undefined): Promise<void>;
  /** Moves everything to the backend that a person wants; it stays there whatever is measured. */
  useBackend(backend: BackendKind): Promise<BackendKind>;
}
