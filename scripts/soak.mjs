/**
 * `npm run soak [-- --steps N --page-steps N]`: one long run in the command line and one in the page, both on the CPU
 * twins, measured at each tenth. Fails when the memory in use grows by more than 2 % from the first tenth on, or when
 * the steps per second of processor time fall by more than 10 %. Not part of `npm test`: it takes minutes.
 *
 * Memory in use is what is left when garbage has been collected: JavaScript's heap and the arrays outside of it (in the
 * page those of its own thread and of the engine's worker; the least of three looks, as a text is being denoised all the
 * while). Its growth is that of the line through the ten samples, by least squares. The resident memory of the process is
 * printed beside it and not judged: the system takes back freed pages when it likes. Speed is judged by processor time,
 * which other programs on the machine do not stretch as they do the clock's, in the later half against the earlier.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, requireNode, root } from './install.mjs';

/**
 * @typedef {{ step: number, live: number, resident: number | null, processor: number, clock: number }} Sample
 *   Bytes in use, bytes resident, seconds of processor time and of the clock since the run began.
 */

const parts = 10;
const mostGrowth = 0.02;
const mostSlower = 0.1;

/** A model whose step takes milliseconds; the same in both. */
const tiny = {
  'model.layers': 1,
  'model.width': 16,
  'model.heads': 2,
  'model.experts': 4,
  'model.expertWidth': 16,
  'data.sequenceLength': 16,
  'training.batchSize': 2,
  'training.evaluateEvery': 500,
};

/** Trains in the command line. @param {number} steps @returns {Promise<Sample[]>} */
async function soakCommandLine(steps) {
  const settings = Object.entries(tiny).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const child = fork(
    join(root, 'dist', 'cli', 'main.js'),
    ['train', '--backend', 'cpu', '--steps', String(steps), ...settings],
    {
      execArgv: ['--expose-gc', '--import', fileURLToPath(new URL('soak-probe.mjs', import.meta.url))],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  /** @type {Sample[]} */
  const samples = [];
  let [step, asked, words] = [0, 0, ''];
  const start = performance.now();
  child.stderr?.on('data', (text) => {
    words = `${words}${text}`.slice(-2000);
  });
  child.on('message', (/** @type {Pick<Sample, 'live' | 'resident' | 'processor'>} */ measured) => {
    samples.push({ ...measured, step, clock: (performance.now() - start) / 1000 });
  });
  if (!child.stdout) throw new Error('soak: expected the output of the command line, got none');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    step = JSON.parse(line).step ?? step;
    // The last one while it still runs.
    if (asked >= parts || step < Math.min(((asked + 1) * steps) / parts, 0.995 * steps)) return;
    asked += 1;
    if (child.connected) child.send('measure');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`soak: expected exit code 0 of sdlm train, got ${code}: ${words}`);
  return samples;
}

/** Trains in the page, in a headless Chromium. @param {number} steps @returns {Promise<Sample[]>} */
async function soakPage(steps) {
  const [{ default: puppeteer }, { findChromium }, { servePage }] = await Promise.all([
    import('puppeteer-core'),
    import('./environment.mjs'),
    import('./serve.mjs'),
  ]);
  const { path, args, environment } = await findChromium();
  const server = await servePage({ port: 0 });
  const browser = await puppeteer.launch({
    executablePath: path,
    args: args.filter((arg) => !/webgpu/.test(arg)),
    env: { ...process.env, ...environment },
    protocolTimeout: 300_000,
  });
  try {
    const page = await browser.newPage();
    const query = new URLSearchParams({ preset: 'expert-choice' });
    // Longer than it is watched, so that the last part is one of training too.
    for (const [name, value] of Object.entries({ ...tiny, 'training.steps': 2 * steps }))
      query.set(name, String(value));
    await page.goto(`${server.resolvedUrls?.local[0]}?${query}`);
    await page.waitForFunction(
      () => [...document.querySelectorAll('button')].some((button) => button.innerText === 'Train' && !button.disabled),
      { timeout: 120_000 },
    );
    await page.$$eval('button', (all) => all.find((button) => button.innerText === 'Train')?.click());
    return await watchPage(browser, page, steps);
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * @param {import('puppeteer-core').Browser} browser @param {import('puppeteer-core').Page} page @param {number} steps
 * @returns {Promise<Sample[]>}
 */
async function watchPage(browser, page, steps) {
  const threads = [await page.createCDPSession(), ...page.workers().map((worker) => worker.client)];
  const system = await browser.target().createCDPSession();
  const stepNow = () =>
    page.evaluate(() => {
      const text = document.querySelector('[data-testid="run-step"]')?.textContent ?? '';
      return Number((/[\d,]+/.exec(text)?.[0] ?? '0').replaceAll(',', ''));
    });
  const usedBy = async (/** @type {import('puppeteer-core').CDPSession} */ thread) => {
    for (let i = 0; i < 2; i += 1) await thread.send('HeapProfiler.collectGarbage');
    const usage = /** @type {Record<string, number>} */ (
      /** @type {unknown} */ (await thread.send('Runtime.getHeapUsage'))
    );
    return usage.usedSize + (usage.backingStorageSize ?? 0);
  };
  /** @type {Sample[]} */
  const samples = [];
  const start = performance.now();
  while (samples.length < parts) {
    await sleep(100);
    if ((await stepNow()) < ((samples.length + 1) * steps) / parts) continue;
    let live = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 3; look += 1) {
      let sum = 0;
      for (const thread of threads) sum += await usedBy(thread);
      live = Math.min(live, sum);
    }
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    // One page: the renderer that has worked most is its own.
    const [renderer] = processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime);
    samples.push({
      step: await stepNow(),
      live,
      resident: residentOf(renderer.id),
      processor: renderer.cpuTime,
      clock: (performance.now() - start) / 1000,
    });
  }
  return samples;
}

/** Resident bytes of a process; null where the system does not tell by file. @param {number} id */
function residentOf(id) {
  try {
    return 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

/**
 * Prints what was measured, and answers what is wrong with it.
 * @param {string} name @param {Sample[]} samples @returns {string[]}
 */
function judge(name, samples) {
  const perSecond = (/** @type {'processor' | 'clock'} */ by) =>
    samples.slice(1).map((sample, i) => (sample.step - samples[i].step) / (sample[by] - samples[i][by]));
  const [byProcessor, byClock] = [perSecond('processor'), perSecond('clock')];
  const megabytes = (/** @type {number | null} */ bytes) => (bytes === null ? '–' : (bytes / 1e6).toFixed(1));
  const rows = samples.map(({ step, live, resident }, i) => [
    `${(i + 1) * 10} %`,
    step.toLocaleString('en'),
    megabytes(live),
    megabytes(resident),
    i === 0 ? '' : byProcessor[i - 1].toFixed(0),
    i === 0 ? '' : byClock[i - 1].toFixed(0),
  ]);
  const head = ['part', 'step', 'in use, MB', 'resident, MB', 'steps/s of processor', 'steps/s by the clock'];
  process.stdout.write(
    `\n${name}\n\n${[head, head.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n\n`,
  );
  const growth = growthOf(samples.map(({ live }) => live));
  const half = Math.ceil(byProcessor.length / 2);
  const slower = 1 - median(byProcessor.slice(half)) / median(byProcessor.slice(0, half));
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`;
  process.stdout.write(
    `Memory in use from 10 to 100 %: ${growth < 0 ? '' : '+'}${percent(growth)}. ` +
      `Steps per second of processor time, later half against earlier: ${slower > 0 ? '' : '+'}${percent(-slower)}.\n`,
  );
  return [
    ...(growth > mostGrowth
      ? [`${name}: expected memory to grow by at most ${percent(mostGrowth)}, got ${percent(growth)}`]
      : []),
    ...(slower > mostSlower
      ? [`${name}: expected at most ${percent(mostSlower)} fewer steps per second, got ${percent(slower)}`]
      : []),
  ];
}

/** By how much of its beginning the line through values at equal distances grows to its end. @param {number[]} values */
function growthOf(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const slope =
    values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) /
    values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return (slope * (values.length - 1)) / (mean - slope * middle);
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** @param {string | undefined} text @param {number} usual */
function stepsOf(text, usual) {
  const steps = Number(text ?? usual);
  if (Number.isInteger(steps) && (steps === 0 || steps >= 1000)) return steps;
  throw new Error(`soak: expected 0 or at least 1000 steps, got ${text}`);
}

try {
  requireNode();
  const { values } = parseArgs({ options: { steps: { type: 'string' }, 'page-steps': { type: 'string' } } });
  const [steps, pageSteps] = [stepsOf(values.steps, 40_000), stepsOf(values['page-steps'], 10_000)];
  await ensureInstalled();
  ensureBuilt('cli', 'page');
  const faults = [
    ...(steps > 0 ? judge(`Command line, ${steps.toLocaleString('en')} steps`, await soakCommandLine(steps)) : []),
    ...(pageSteps > 0 ? judge(`Page, ${pageSteps.toLocaleString('en')} steps`, await soakPage(pageSteps)) : []),
  ];
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
