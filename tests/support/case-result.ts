/** What one kernel case reports, on any WebGPU implementation: imported by entries that run outside Node, so types only. */
export interface CaseResult {
  name: string;
  /** Null when the case passed; else one sentence, `where: expected X, got Y`. */
  failure: string | null;
}

/** Whether a case is asked for, by its name. */
export type IsWanted = (name: string) => boolean;
