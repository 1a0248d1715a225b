/**
 * Mesa's lavapipe, a Vulkan driver for the processor, for Firefox, which brings none of its own. Debian's own Mesa is too
 * old for WebGPU, so the packages come from its backports, by a source file derived from the machine's own, and are
 * unpacked into `.cache/lavapipe`. Nothing is installed: what Dawn, Deno and Chromium find stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './install.mjs';
import { withLock } from './lock.mjs';

const folder = join(root, '.cache', 'lavapipe');

/** @typedef {{ version: string, environment: Record<string, string> }} Lavapipe */

/**
 * Lavapipe, fetched on the first call (about 25 MB, ten seconds).
 * @returns {Promise<Lavapipe>} Throws one sentence where it cannot be had: no Debian, no network, no backports.
 */
export async function lavapipe() {
  if (!existsSync(folder))
    await withLock(`${folder}.lock`, () => {
      if (existsSync(folder)) return;
      const partial = `${folder}.partial`;
      try {
        fetchLavapipe(partial);
      } finally {
        rmSync(partial, { recursive: true, force: true });
      }
    });
  const icd = findBelow(folder, /^lvp_icd.*\.json$/);
  const library = findBelow(folder, /^libvulkan_lvp\.so$/);
  if (!icd || !library) throw new Error(`lavapipe: expected a driver in ${folder}, got none; remove that folder`);
  return {
    version: readFileSync(join(folder, 'version'), 'utf8').trim(),
    environment: { VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: join(library, '..') },
  };
}

/** @param {string} partial a folder for what is fetched on the way */
function fetchLavapipe(partial) {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get'))
    throw new Error('lavapipe: expected Debian, got another system');
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (!codename) throw new Error('lavapipe: expected VERSION_CODENAME in /etc/os-release, got none');
  rmSync(partial, { recursive: true, force: true });
  for (const name of ['sources', 'lists/partial', 'archives/partial', 'unpacked'])
    mkdirSync(join(partial, name), { recursive: true });
  writeFileSync(join(partial, 'sources', 'debian.sources'), stanzas(debianSources(), codename));
  writeFileSync(join(partial, 'sources', 'debian.list'), lines(debianSources(), codename));
  const options = Object.entries({
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(partial, 'sources'),
    'Dir::State::lists': join(partial, 'lists'),
    'Dir::Cache': partial,
    'Dir::Cache::archives': join(partial, 'archives'),
    // These folders are ours alone, whoever we are.
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
    'Acquire::Retries': '2',
    // A source that does not answer is an error, not a warning.
    'APT::Update::Error-Mode': 'any',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run('apt-get', [...options, '-qq', 'update']);
  const wanted = ['mesa-vulkan-drivers', 'libvulkan1'];
  const download = ['install', '--download-only', '--reinstall', '--no-install-recommends'];
  run('apt-get', [...options, '-qq', '-y', ...download, '-t', `${codename}-backports`, ...wanted]);
  const packages = readdirSync(join(partial, 'archives')).filter((name) => name.endsWith('.deb'));
  for (const name of packages) run('dpkg-deb', ['-x', join(partial, 'archives', name), join(partial, 'unpacked')]);
  const version = packages.find((name) => name.startsWith('mesa-vulkan-drivers_'))?.split('_')[1];
  if (!version) throw new Error('lavapipe: expected the package mesa-vulkan-drivers, got none');
  writeFileSync(join(partial, 'unpacked', 'version'), version);
  renameSync(join(partial, 'unpacked'), folder);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const done = spawnSync(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 240_000,
  });
  if (done.status === 0) return;
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  throw new Error(`lavapipe: expected ${command} to end with 0, got ${reason || `exit code ${done.status}`}`);
}

/** The text of every source file of this machine. @returns {string[]} */
function debianSources() {
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((path) => existsSync(path) && /\.(list|sources)$/.test(path))
    .map((path) => readFileSync(path, 'utf8'));
}

/**
 * The stanzas for this release of Debian, and one for its backports. @param {string[]} files @param {string} codename
 */
export function stanzas(files, codename) {
  const suites = /^Suites:[ \t]*(.*)$/m;
  const suitesOf = (/** @type {string} */ stanza) => suites.exec(stanza)?.[1].trim().split(/\s+/) ?? [];
  const all = files.flatMap((text) => text.split(/\n\s*\n/)).map((text) => text.trim());
  const ours = all.filter((stanza) => suitesOf(stanza).some((suite) => isOf(suite, codename)));
  const derived = ours
    .filter((stanza) => suitesOf(stanza).includes(codename))
    .map((stanza) => stanza.replace(suites, `Suites: ${codename}-backports`));
  return [...ours, ...derived].map((stanza) => `${stanza}\n`).join('\n');
}

/** The same for sources of one line each: `deb [options] address suite components`. @param {string[]} files @param {string} codename */
export function lines(files, codename) {
  const line = /^(deb\s+(?:\[[^\]]*\]\s+)?\S+\s+)(\S+)(\s.*)?$/;
  const found = files.flatMap((text) => text.split('\n')).map((text) => line.exec(text.trim()));
  const ours = found.filter((match) => match !== null).filter(([, , suite]) => isOf(suite, codename));
  const derived = ours
    .filter(([, , suite]) => suite === codename)
    .map(([, before, , after]) => `${before}${codename}-backports${after ?? ''}`);
  return [...ours.map(([text]) => text), ...derived].map((text) => `${text}\n`).join('');
}

/** `bookworm`, `bookworm-updates` and `bookworm/updates` are of bookworm. @param {string} suite @param {string} codename */
function isOf(suite, codename) {
  return suite === codename || suite.startsWith(`${codename}-`) || suite.startsWith(`${codename}/`);
}

/** @param {string} start @param {RegExp} name @returns {string | null} the first file below a folder with such a name */
function findBelow(start, name) {
  for (const entry of readdirSync(start, { withFileTypes: true })) {
    const path = join(start, entry.name);
    const found = entry.isDirectory() ? findBelow(path, name) : name.test(entry.name) ? path : null;
    if (found) return found;
  }
  return null;
}
