/**
 * Unpacks the Chromium and the SwiftShader that the npm package @sparticuz/chromium carries (Linux x64 only).
 * The package's own code is not used: it unpacks into a shared temporary folder and asks for a newer Node.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { withLock } from './lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const packageFolder = join(root, 'node_modules', '@sparticuz', 'chromium');

/** @returns {string | null} the version of the package, or null where it is absent or of no use on this platform */
export function packedBrowser() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const description = join(packageFolder, 'package.json');
  return existsSync(description) ? JSON.parse(readFileSync(description, 'utf8')).version : null;
}

/** @param {string} name @param {string} folder */
function unpackArchive(name, folder) {
  const input = brotliDecompressSync(readFileSync(join(packageFolder, 'bin', name)));
  const done = spawnSync('tar', ['-x', '--no-same-owner', '-C', folder], { input });
  if (done.status !== 0)
    throw new Error(`tar: expected exit code 0 for ${name}, got ${done.status ?? done.error?.message}`);
}

/**
 * Unpacks once per version into `.cache/` (about 200 MB, four seconds) and returns the paths.
 * @returns {Promise<{ chromium: string, graphics: string, libraries: string }>}
 *   `graphics`: the folder of SwiftShader, its ICD file and a Vulkan loader; `libraries`: NSS and Expat, for systems
 *   that lack them. Throws when the package is absent or `tar` is.
 */
export async function unpackBrowser() {
  const version = packedBrowser();
  if (version === null) throw new Error('@sparticuz/chromium: expected on Linux x64, got none');
  const folder = join(root, '.cache', `chromium-${version}`);
  if (!existsSync(folder))
    await withLock(`${folder}.lock`, async () => {
      if (existsSync(folder)) return;
      const partial = `${folder}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      for (const name of ['swiftshader.tar.br', 'al2023.tar.br']) unpackArchive(name, partial);
      const chromium = join(partial, 'chromium');
      await pipeline(
        createReadStream(join(packageFolder, 'bin', 'chromium.br')),
        createBrotliDecompress(),
        createWriteStream(chromium),
      );
      chmodSync(chromium, 0o755);
      renameSync(partial, folder);
    });
  return { chromium: join(folder, 'chromium'), graphics: folder, libraries: join(folder, 'lib') };
}
