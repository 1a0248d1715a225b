/**
 * What this machine offers: a Chromium, a Vulkan driver for Dawn and Deno, and the Deno binary.
 * The one place that looks for them (for Firefox: firefox.mjs); used by `npm test`, the command line's launcher, the journeys and CI.
 * On Linux the npm package @sparticuz/chromium carries a browser and SwiftShader, so npm alone is enough there.
 * Not an installer, except `installChromium` on Debian. The environment variables returned have to be set before a
 * process starts: the dynamic loader reads LD_LIBRARY_PATH only then.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { packedBrowser, unpackBrowser } from './packed-browser.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '..', '.cache');
const isLinux = process.platform === 'linux';

/**
 * @typedef {{ path: string, args: string[], environment: Record<string, string>, version: string }} Browser
 * @typedef {{ environment: Record<string, string>, adapter: string | null, whyNone: string | null }} Graphics
 *   `environment`: variables for a child that runs Dawn or Deno; `adapter`: what it will find, null when nothing works.
 * @typedef {{ name: string, environment: Record<string, string>, hardwareOnly: boolean }} Candidate
 */

const INSTALL_CHROMIUM = 'install Chromium (Debian: apt-get install chromium) or set CHROME_PATH';

// ---------------------------------------------------------------- Chromium

/** Paths where a Chromium with its own update channel usually is. @returns {string[]} */
function usualBrowsers() {
  switch (process.platform) {
    case 'darwin':
      return [
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
      ];
    case 'win32':
      return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
        .filter((folder) => folder !== undefined)
        .flatMap((folder) => [
          join(folder, 'Google/Chrome/Application/chrome.exe'),
          join(folder, 'Microsoft/Edge/Application/msedge.exe'),
        ]);
    default:
      return [
        '/usr/bin/chromium',
        '/usr/bin/google-chrome',
        '/usr/bin/google-chrome-stable',
        '/usr/bin/chromium-browser',
      ];
  }
}

/**
 * The version of a browser that starts, or the reason why it does not.
 * @param {string} path
 * @param {Record<string, string>} environment
 * @returns {{ version: string } | { whyNot: string }}
 */
function tryBrowser(path, environment) {
  // On Windows `--version` opens a window instead of printing.
  if (process.platform === 'win32') return { version: 'unknown' };
  const done = spawnSync(path, ['--version', '--no-sandbox'], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (done.status === 0) return { version: done.stdout.trim() };
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  return { whyNot: `${path} does not start: ${reason || `exit code ${done.status}`}` };
}

/**
 * A Chromium that starts: CHROME_PATH, else the system's, else the one from npm.
 * `args` are what it needs to offer WebGPU without a screen; leave `--enable-unsafe-webgpu` out for a
 * browser that offers no adapter.
 * @returns {Promise<Browser>} Throws one sentence saying what to install when there is none.
 */
export async function findChromium() {
  const args = ['--enable-unsafe-webgpu'];
  // Linux: the same software adapter on every machine. Elsewhere WebGPU stands on the system's own graphics.
  if (isLinux) args.push('--use-webgpu-adapter=swiftshader');
  // Chromium refuses to sandbox as root; elsewhere the sandbox stays on.
  if (isLinux && process.getuid?.() === 0) args.push('--no-sandbox');
  const chosen = process.env.CHROME_PATH;
  const problems = [];
  for (const path of chosen ? [chosen] : usualBrowsers()) {
    if (!existsSync(path)) {
      if (chosen) throw new Error(`CHROME_PATH: expected a browser's path, got ${path}, which does not exist`);
      continue;
    }
    const found = tryBrowser(path, {});
    if ('version' in found) return { path, args, environment: {}, version: found.version };
    problems.push(found.whyNot);
  }
  if (!chosen && packedBrowser()) {
    const packed = await unpackBrowser();
    const variants = [/** @type {Record<string, string>} */ ({}), { LD_LIBRARY_PATH: prepend(packed.libraries) }];
    for (const environment of variants) {
      const found = tryBrowser(packed.chromium, environment);
      // A browser from npm has no setuid sandbox helper, and unprivileged namespaces are often forbidden.
      if ('version' in found)
        return {
          path: packed.chromium,
          args: [...new Set([...args, '--no-sandbox'])],
          environment,
          version: found.version,
        };
      problems.push(found.whyNot);
    }
  }
  throw new Error(`browser: expected Chromium, got ${problems.join('; ') || 'none'}; ${INSTALL_CHROMIUM}`);
}

/**
 * Whether this is a Debian-like system where we are root and may install packages. Not when a person names a browser or
 * a driver: then that one is wrong, and another would not be used.
 */
export function canInstall() {
  if (process.env.CHROME_PATH || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return false;
  return isLinux && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Installs Debian's Chromium, which brings a SwiftShader with it. Progress on standard error; throws when it fails. */
export function installChromium() {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
  ]) {
    const done = spawnSync('apt-get', args, { env: environment, stdio: ['ignore', 2, 2] });
    if (done.status !== 0) throw new Error(`apt-get ${args[0]}: expected exit code 0, got ${done.status}`);
  }
}

// ---------------------------------------------------------------- Vulkan

/** @param {string} folder a folder to look in before those already on LD_LIBRARY_PATH */
function prepend(folder) {
  return [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}

/** @param {string} folder @param {RegExp} pattern @returns {string[]} full paths; none when the folder is absent */
function matching(folder, pattern) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Device nodes of a GPU: without one, a system driver would only be a software driver. */
export function hardwareNodes() {
  return [...matching('/dev/dri', /^renderD/), ...matching('/dev', /^(nvidia\d|dxg$)/)];
}

/** Folders of browsers that ship SwiftShader together with a Vulkan loader. @returns {string[]} */
function browserFolders() {
  const folders = ['/usr/lib/chromium', '/opt/google/chrome'];
  if (process.env.CHROME_PATH && existsSync(process.env.CHROME_PATH))
    folders.unshift(dirname(realpathSync(process.env.CHROME_PATH)));
  return folders.filter((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
}

/**
 * Drivers to try, best first: a GPU, Mesa's lavapipe (3 to 5 times faster than SwiftShader; Dawn refuses it below
 * version 25), SwiftShader out of npm, SwiftShader beside an installed browser.
 * @returns {Promise<Candidate[]>}
 */
async function candidates() {
  if (!isLinux) return [{ name: 'system', environment: {}, hardwareOnly: false }];
  if (process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES)
    return [{ name: 'the driver named by VK_ICD_FILENAMES or VK_DRIVER_FILES', environment: {}, hardwareOnly: false }];
  const packed = packedBrowser() ? await unpackBrowser().catch(noneWithoutPermission) : null;
  // The system's Vulkan loader may be missing although a driver is there: try with a browser's own loader too.
  const loaders = [null, ...(packed ? [packed.graphics] : []), ...browserFolders().slice(0, 1)];
  /** @param {string | null} folder @returns {Record<string, string>} */
  const loader = (folder) => (folder ? { LD_LIBRARY_PATH: prepend(folder) } : {});
  const list = [];
  if (hardwareNodes().length > 0)
    for (const folder of loaders) list.push({ name: 'GPU', environment: loader(folder), hardwareOnly: true });
  for (const icd of ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].flatMap((folder) => matching(folder, /^lvp_icd/)))
    for (const folder of loaders)
      list.push({ name: 'lavapipe', environment: { VK_ICD_FILENAMES: icd, ...loader(folder) }, hardwareOnly: false });
  for (const folder of [...(packed ? [packed.graphics] : []), ...browserFolders()])
    list.push({
      name: 'SwiftShader',
      environment: { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), ...loader(folder) },
      hardwareOnly: false,
    });
  return list;
}

/**
 * Asks Dawn in a process of its own, since a broken driver may crash it.
 * @param {Candidate} candidate
 * @returns {Promise<{ adapter: string } | { whyNot: string }>}
 */
function probe(candidate) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(here, 'probe-adapter.mjs')], {
      env: { ...process.env, ...quiet(), ...candidate.environment },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 30_000,
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.on('error', (error) => resolve({ whyNot: error.message }));
    child.on('close', (code, signal) => {
      const line = out.split('\n').find((text) => text.startsWith('{'));
      const report = line ? JSON.parse(line) : null;
      if (!report) resolve({ whyNot: `the probe ended with ${signal ?? `exit code ${code}`}` });
      else if (!report.adapter) resolve({ whyNot: 'refused by Dawn' });
      else if (candidate.hardwareOnly && report.isSoftware) resolve({ whyNot: 'no hardware adapter' });
      else resolve({ adapter: report.adapter });
    });
  });
}

/** Mesa complains on every start where a session has no runtime folder. @returns {Record<string, string>} */
function quiet() {
  return isLinux && !process.env.XDG_RUNTIME_DIR ? { XDG_RUNTIME_DIR: tmpdir() } : {};
}

/** Everything that can change which driver is found, as one hash. @param {Candidate[]} list */
function fingerprint(list) {
  const files = [process.execPath, join(here, '..', 'node_modules/webgpu/package.json')];
  for (const { environment } of list) if (environment.VK_ICD_FILENAMES) files.push(environment.VK_ICD_FILENAMES);
  const facts = {
    list,
    files: files.map((file) => [file, existsSync(file) && statSync(file).mtimeMs]),
    nodes: hardwareNodes(),
  };
  facts.files.push(['given', String(process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES)]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/**
 * A Vulkan driver (Linux) or the system's graphics (elsewhere) that Dawn accepts. A find is remembered in `.cache/`.
 * Never throws for lack of an adapter: `adapter` is null then, and `whyNone` is one sentence.
 * @returns {Promise<Graphics>}
 */
export async function findGraphics() {
  const list = await candidates();
  const key = fingerprint(list);
  // One file per situation: inside a test run the driver is named by variables, outside it is not.
  const remembered = join(cache, `graphics-${key.slice(0, 16)}.json`);
  if (existsSync(remembered)) return JSON.parse(readFileSync(remembered, 'utf8'));
  const problems = new Set();
  for (const candidate of list) {
    const result = await probe(candidate);
    if ('adapter' in result) {
      const graphics = {
        environment: { ...quiet(), ...candidate.environment },
        adapter: result.adapter,
        whyNone: null,
      };
      remember(remembered, graphics);
      return graphics;
    }
    problems.add(`${candidate.name}: ${result.whyNot}`);
  }
  const whyNone = `WebGPU: expected an adapter, got none (${[...problems].join('; ') || 'no Vulkan driver found'}); ${INSTALL_CHROMIUM}, or install a Vulkan driver`;
  return { environment: quiet(), adapter: null, whyNone };
}

/** Where the project cannot be written, only what is unpacked there already can be used. @param {NodeJS.ErrnoException} error */
function noneWithoutPermission(error) {
  if (['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? '')) return null;
  throw error;
}

/** What cannot be remembered is found again the next time. @param {string} path @param {Graphics} graphics */
function remember(path, graphics) {
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(path, JSON.stringify(graphics));
  } catch {
    // A project that another user installed.
  }
}

// ---------------------------------------------------------------- Deno

/**
 * Path of Deno's binary, out of the npm package of this platform.
 * @returns {string} Throws when the platform has none.
 */
export function findDeno() {
  const platform = `${process.platform}-${arch()}${isLinux ? '-glibc' : ''}`;
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve(`@deno/${platform}/package.json`));
    return join(folder, process.platform === 'win32' ? 'deno.exe' : 'deno');
  } catch {
    throw new Error(`deno: expected the npm package @deno/${platform}, got none: Deno does not offer this platform`);
  }
}
