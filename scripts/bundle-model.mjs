/**
 * Makes the bundled model: one `sdlm train` with the settings below, then its files go to public/pretrained.
 * Run as `npm run bundle-model`; takes about half an hour on one core. Settings may be overridden: `-- --steps 100`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './install.mjs';

const settings = {
  'data.corpus': 'sonnets',
  'data.tokenizer': 'bpe',
  'data.vocabularySize': 2048,
  'data.sequenceLength': 64,
  'model.layers': 3,
  'model.width': 96,
  'model.heads': 3,
  'model.expertWidth': 96,
  'training.batchSize': 8,
  'training.optimizer': 'muon',
  'training.learningRate': 0.006,
  'training.schedule': 'wsd',
  'training.weightDecay': 0.02,
  'training.emaDecay': 0.998,
  'training.evaluateEvery': 500,
  'training.steps': 3200,
};

const out = join(root, 'runs', 'bundled');
rmSync(out, { recursive: true, force: true });
const set = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
const train = [
  'train',
  '--preset',
  'expert-choice',
  '--backend',
  'cpu',
  ...set,
  '--out',
  out,
  ...process.argv.slice(2),
];
const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'sdlm.mjs'), ...train], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (status !== 0) process.exit(status ?? 1);
const bundled = join(root, 'public', 'pretrained');
mkdirSync(bundled, { recursive: true });
for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
  copyFileSync(join(out, name), join(bundled, name));
}
