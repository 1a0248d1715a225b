/**
 * How tests run. Projects, one after the other because two cores are shared with the software adapter:
 * `node` (numeric tests on Dawn and everything else without a browser), `wgpu` (kernel cases on Deno's wgpu),
 * `journeys` (a real Chromium; those that measure run by themselves), and two that have commands of their own: `long`
 * (training to the end, estimates over many draws, faults, `npm run test:long`), `firefox` (a real Firefox,
 * `npm run test:firefox`). Pools are forks: Dawn is a native module and wants a process of its own.
 */
import { defineConfig } from 'vitest/config';
import { buildConstants } from './scripts/build-info.mjs';
import { findGraphics } from './scripts/environment.mjs';
import { wat } from './scripts/wat-plugin.mjs';

// Children inherit the variables of this process, and a Vulkan driver is found through variables that have to be set
// before a process starts. Without a driver nothing is set, and requestTestGpu() fails with a sentence.
Object.assign(process.env, (await findGraphics()).environment);

/** Journeys that measure how free the page's main thread is: alone on the machine. The others run two at a time. */
const measured = ['tests/journeys/responsive.test.ts'];

const journeys = {
  globalSetup: 'tests/support/journeys-setup.ts',
  testTimeout: 300_000,
  hookTimeout: 120_000,
  // The page answers later on a busy machine.
  expect: { poll: { timeout: 60_000 } },
};

const shared = { environment: 'node', pool: 'forks', passWithNoTests: false, maxWorkers: 2 } as const;

export default defineConfig({
  plugins: [wat()],
  define: buildConstants(),
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/journeys/**', 'tests/firefox/**', 'tests/**/*.wgpu.test.ts', 'tests/**/*.long.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'wgpu',
          include: ['tests/**/*.wgpu.test.ts'],
          globalSetup: 'tests/support/wgpu-setup.ts',
          maxWorkers: 1,
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          ...journeys,
          name: 'journeys',
          include: ['tests/journeys/**/*.test.ts'],
          exclude: [...measured, 'tests/journeys/**/*.long.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          ...journeys,
          name: 'journeys-measured',
          include: measured,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'long',
          include: ['tests/**/*.long.test.ts'],
          exclude: ['tests/journeys/**'],
          testTimeout: 600_000,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          ...journeys,
          name: 'long-journeys',
          include: ['tests/journeys/**/*.long.test.ts'],
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'firefox',
          include: ['tests/firefox/**/*.test.ts'],
          globalSetup: ['tests/support/journeys-setup.ts', 'tests/support/firefox-setup.ts'],
          fileParallelism: false,
          maxWorkers: 1,
          // On a software adapter the variants of kernels are compiled and timed for a minute before the first step.
          testTimeout: 600_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 30_000 } },
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
});
