/** What the page is told of the machine, of a model and of a study: plain data for labels, axes and badges. */
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Study } from '../lab/studies/study.ts';
import { sizeLabels, studySizes } from '../lab/studyRuns.ts';
import { expertLayersOf } from '../nn/layout.ts';
import { accountingOf } from '../run/cost.ts';
import { chooseBackend, type Machine, type Speeds } from '../run/machine.ts';
import type { BackendKind, MachineReport, ModelReport, StudyReport } from './protocol.ts';

const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/** `speeds` as far as they are known, and the preset that the page starts with if nobody chose. */
export function machineReport(
  { adapter, whyNoGpu }: Pick<Machine, 'adapter' | 'whyNoGpu'>,
  speeds: Speeds,
  presetId: string,
): MachineReport {
  return {
    adapter: adapter && {
      vendor: adapter.vendor,
      architecture: adapter.architecture,
      description: adapter.description,
      isSoftware: adapter.isSoftware,
      features: [...adapter.features],
      limits: Object.fromEntries(shownLimits.map((name) => [name, adapter.gpu.limits[name] as number])),
    },
    whyNoGpu: whyNoGpu && `${whyNoGpu}. ${howToGetWebGpu(navigator.userAgent)}`,
    stepsPerSecond: stepsPerSecondOf(speeds),
    presetId,
    chosen: chooseBackend({ adapter, speeds }),
  };
}

/** The same measurements as steps per second, for people. */
function stepsPerSecondOf(speeds: Speeds): MachineReport['stepsPerSecond'] {
  const shown = Object.entries(speeds).map(([kind, speed]) => [
    kind,
    speed.kind === 'measured' ? { kind: 'measured', stepsPerSecond: 1 / speed.secondsPerStep } : speed,
  ]);
  return Object.fromEntries(shown);
}

/** What to change to get WebGPU in the browser at hand. */
function howToGetWebGpu(userAgent: string): string {
  if (/Firefox/.test(userAgent))
    return 'In Firefox, set dom.webgpu.enabled and dom.webgpu.workers.enabled in about:config.';
  if (/Chrome|Chromium|Edg/.test(userAgent)) {
    return /Linux/.test(userAgent)
      ? 'In Chromium on Linux, switch on chrome://flags/#enable-unsafe-webgpu and #enable-vulkan, with a Vulkan driver installed.'
      : 'In Chromium, check that hardware acceleration is on in the settings and that chrome://gpu lists WebGPU.';
  }
  if (/Safari/.test(userAgent))
    return 'In Safari, WebGPU needs version 26, or the feature flag WebGPU in the settings for developers.';
  return 'A current Chrome, Edge, Firefox or Safari has it.';
}

/** What a report tells of the text that a model learns from. */
type TextFacts = Pick<ModelReport, 'split' | 'floorBpc' | 'windowsPerEpoch'>;

/** Weights that came without their text. */
const noText: TextFacts = { split: '', floorBpc: null, windowsPerEpoch: null };

/** What a backend computes on, in words, for records. */
export function adapterOf({ adapter }: Pick<Machine, 'adapter'>, backend: BackendKind): string {
  if (backend === 'cpu') return `CPU twins, one of ${navigator.hardwareConcurrency} threads`;
  return adapter?.key ?? 'GPU';
}

export function modelReport(
  experiment: Experiment,
  tokenizer: Tokenizer,
  { split, floorBpc, windowsPerEpoch }: TextFacts = noText,
): ModelReport {
  const { total, active, trainFlopsPerToken, inferenceFlopsPerToken } = accountingOf(
    experiment,
    tokenizer.vocabularySize,
  );
  return {
    experiment,
    vocabulary: Array.from({ length: tokenizer.vocabularySize + 1 }, (_, id) => tokenizer.tokenText(id)),
    maskId: tokenizer.maskId,
    expertLayers: expertLayersOf(experiment.model),
    parameters: { total, active },
    trainFlopsPerToken,
    inferenceFlopsPerToken,
    split,
    floorBpc,
    windowsPerEpoch,
  };
}

export function studyReport({ id, title, question, arms, sizes }: Study): StudyReport {
  return {
    id,
    title,
    question,
    arms: arms.map((arm) => ({ id: arm.id, label: arm.label })),
    sizes: studySizes.map((size) => ({ id: size, label: sizeLabels[size], seeds: sizes[size].seeds })),
  };
}
