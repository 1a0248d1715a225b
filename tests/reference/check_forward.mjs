/**
 * Compares `sdlm forward` with the PyTorch reference on trained runs: dense, expert choice, token choice, each with
 * other settings of its kind. Trains them here with the built command line. Prints a line per run and
 * `N passed, N failed`; exit code 1 on a failure. Not part of `npm test`, because it needs Debian's python3-torch.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../../scripts/build.mjs';
import { findGraphics } from '../../scripts/environment.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Debian's torch belongs to Debian's Python, not to whichever python3 comes first.
const python = '/usr/bin/python3';
// Sizes that no tile divides, and initial weights large enough that no router score is near another.
const shape = {
  'data.corpus': 'sonnets',
  'data.sequenceLength': 19,
  'model.layers': 2,
  'model.width': 20,
  'model.heads': 2,
  'model.hiddenWidth': 27,
  'model.expertWidth': 13,
  'model.initStd': 0.2,
  'training.batchSize': 4,
};

/** @type {{ name: string, backend: 'cpu' | 'gpu', settings: Record<string, string | number | boolean> }[]} */
const runs = [
  { name: 'dense', backend: 'cpu', settings: { 'model.feedForward': 'dense', 'model.qkNorm': false } },
  {
    name: 'expert choice',
    backend: 'cpu',
    settings: { 'model.feedForward': 'expert-choice', 'model.experts': 5, 'model.sharedExperts': 1 },
  },
  {
    name: 'expert choice by masks, 64 narrow experts, first layer dense',
    backend: 'gpu',
    settings: {
      'model.feedForward': 'expert-choice',
      'model.experts': 64,
      'model.choices': 16,
      'model.expertWidth': 3,
      'model.capacitySchedule': 'cosine-reverse',
      'model.minChoices': 6,
      'model.denseLayers': 1,
      'model.scalingFactor': 1.5,
    },
  },
  {
    name: 'token choice with a bias, dropping by score',
    backend: 'cpu',
    settings: {
      'model.feedForward': 'token-choice',
      'model.experts': 5,
      'model.score': 'sigmoid',
      'model.biasRate': 0.05,
      'model.capacity': 'factor',
      'model.capacityFactor': 0.8,
      'model.dropRule': 'score',
    },
  },
  {
    name: 'autoregressive',
    backend: 'cpu',
    settings: { 'model.feedForward': 'token-choice', 'model.experts': 5, 'objective.kind': 'autoregressive' },
  },
  {
    name: 'block diffusion',
    backend: 'cpu',
    settings: {
      'model.feedForward': 'dense',
      'objective.kind': 'block-diffusion',
      'objective.blockSize': 1,
    },
  },
  {
    name: 'token choice on the adapter',
    backend: 'gpu',
    settings: { 'model.feedForward': 'token-choice', 'model.experts': 5, 'model.gate': 'scores' },
  },
];

/**
 * Runs a program to its end; throws with what it said when it fails.
 * @param {string} program @param {string[]} args @param {Record<string, string | undefined>} env
 */
function run(program, args, env) {
  const done = spawnSync(program, args, { cwd: root, env, encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`exit code ${done.status}\n${done.stdout}${done.stderr}`.trim());
  return done.stdout;
}

ensureBuilt('cli');
const { environment } = await findGraphics();
const directory = mkdtempSync(join(tmpdir(), 'sdlm-forward-'));
const env = { ...process.env, ...environment, XDG_CACHE_HOME: join(directory, 'cache') };
/** @param {string[]} args */
const sdlm = (args) => run(process.execPath, ['dist/cli/main.js', ...args], env);

let failed = 0;
for (const [index, { name, backend, settings }] of runs.entries()) {
  const place = join(directory, String(index));
  const set = Object.entries({ ...shape, ...settings }).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const onBackend = ['--backend', backend];
  try {
    // Trained on the twins whatever answers later: the weights are what is compared, not the training.
    sdlm(['train', '--preset', 'dense', ...set, '--steps', '30', '--out', place, '--backend', 'cpu']);
    const mask = JSON.parse(readFileSync(join(place, 'tokenizer.json'), 'utf8')).maskTokenId;
    // Three sequences over the vocabulary with masks between: among nothing but masks, expert choice is a tie.
    const tokens = Array.from({ length: 3 }, (_, b) =>
      Array.from({ length: 19 }, (_, t) => ((t * 7 + b) % 3 === 0 ? mask : (5 * b + 11 * t + t * t) % mask)),
    );
    const tokensPath = join(place, 'tokens.json');
    const out = join(place, 'forward.safetensors');
    writeFileSync(tokensPath, JSON.stringify(tokens));
    sdlm(['forward', '--run', place, '--tokens', tokensPath, '--out', out, ...onBackend]);
    const compared = run(
      python,
      ['tests/reference/compare_forward.py', '--run', place, '--tokens', tokensPath, '--forward', out],
      env,
    );
    process.stdout.write(`ok   ${name}\n${compared.replace(/^/gm, '     ').trimEnd()}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`FAIL ${name}: ${error instanceof Error ? error.message : error}\n`);
  }
}
rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${runs.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
