/**
 * Vite plugin: `import { bytes } from './x.wat'` gives the binary of a WebAssembly text file, inlined in the module, so
 * that no binary is kept in the repository and nothing is fetched at run time. Not an optimiser: one file, as written.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import loadWabt from 'wabt';

/**
 * The binary of one WebAssembly text file. Throws wabt's message, with line and column, when it does not validate.
 * Fixed-width SIMD is the only feature beyond the first WebAssembly that is let in.
 * @param {string} path
 */
async function compile(path) {
  const wabt = await loadWabt();
  const module = wabt.parseWat(basename(path), await readFile(path), { simd: true });
  try {
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** @returns {import('vite').Plugin} */
export function wat() {
  return {
    name: 'wat',
    load: {
      filter: { id: /\.wat$/ },
      async handler(id) {
        const base64 = Buffer.from(await compile(id)).toString('base64');
        return {
          code: `export const bytes = Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0));`,
          map: null,
          moduleType: 'js',
        };
      },
    },
  };
}
