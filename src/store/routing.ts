/** The Routing view's state: which text to route through which weights, and the report that came back. */
import { create } from 'zustand';
import type { Intervention } from '../config/interventions.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { readsMasks } from '../config/objectives.ts';
import type { ModelReport, RouteReport, RoutesRequest } from '../worker/protocol.ts';
import { shownModel, shownRef, useRun } from './run.ts';
import { ask } from './session.ts';

/** What is asked for; which model answers is `shownRef`. */
type RoutingSettings = Omit<RoutesRequest, 'model' | 'interventions'>;

export interface RoutingState {
  request: RoutingSettings;
  /** What is changed of one model; another model is shown whole. */
  changed: { model: ModelRef; interventions: readonly Intervention[] } | null;
  report: RouteReport | null;
  /** The model of the report: its vocabulary and its expert layers. */
  model: ModelReport | null;
  busy: boolean;
  /** The selection, shared by all panels: index among the layers with experts, and an expert of that layer if one is chosen. */
  layer: number;
  expert: number | null;
}

export const useRouting = create<RoutingState>(() => ({
  request: { text: '', maskRatio: 0.3, seed: 1 },
  changed: null,
  report: null,
  model: null,
  busy: false,
  layer: 0,
  expert: null,
}));

let outdated = false;

/** Changes what is routed, and routes it. */
export async function editRouting(changes: Partial<RoutingSettings>): Promise<void> {
  useRouting.setState(({ request }) => ({ request: { ...request, ...changes } }));
  await refreshRoutes();
}

const none: readonly Intervention[] = [];

/** What is changed of a model. */
export function interventionsOf({ changed }: Pick<RoutingState, 'changed'>, model: ModelRef): readonly Intervention[] {
  return changed?.model === model ? changed.interventions : none;
}

/** Changes the model that is shown, and routes again. */
export async function intervene(interventions: readonly Intervention[]): Promise<void> {
  useRouting.setState({ changed: { model: shownRef(useRun.getState()), interventions } });
  await refreshRoutes();
}

/** Chooses an expert of a layer, in every panel. */
export function selectExpert(layer: number, expert: number | null): void {
  useRouting.setState({ layer, expert });
}

/** Shows another layer. */
export function showLayer(layer: number): void {
  useRouting.setState({ layer });
}

/** Asks for routes with the current weights. Calls while one is under way are merged into one that follows it. */
export async function refreshRoutes(): Promise<void> {
  if (useRouting.getState().busy) {
    outdated = true;
    return;
  }
  do {
    outdated = false;
    const { request, changed } = useRouting.getState();
    const run = useRun.getState();
    const ref = shownRef(run);
    const model = shownModel(run);
    if (!model || model.expertLayers.length === 0) {
      useRouting.setState({ report: null, model });
      return;
    }
    useRouting.setState({ busy: true });
    // Masks mean nothing to a model that has never read any.
    const maskRatio = readsMasks(model.experiment) ? request.maskRatio : 0;
    const report = await ask('routes', {
      ...{ ...request, model: ref, maskRatio },
      interventions: interventionsOf({ changed }, ref),
    });
    useRouting.setState(({ layer }) => ({
      busy: false,
      ...(report ? { report, model, layer: Math.min(layer, report.layers.length - 1) } : {}),
    }));
  } while (outdated);
}
