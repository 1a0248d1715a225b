/** Hands Vitest's name filter (`-t`) to the tests on wgpu, whose cases run before Vitest could filter them. */
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A regular expression's source and flags; null where every test is asked for. */
    namePattern: [source: string, flags: string] | null;
  }
}

export function setup(project: TestProject): void {
  const provide = () => {
    const pattern = project.globalConfig.testNamePattern;
    project.provide('namePattern', pattern ? [pattern.source, pattern.flags] : null);
  };
  provide();
  project.onTestsRerun(async () => provide());
}
