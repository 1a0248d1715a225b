/**
 * Vite plugin: in a build, the text `file-of:PATH` becomes the address (from the script that says it) of the chunk that
 * begins with that module. The page needs it to ask once more for a part that could not be loaded: some browsers remember
 * the failure of an address for as long as the page is open.
 */
import { relative, sep } from 'node:path';
import { root } from './install.mjs';

/** @returns {import('vite').Plugin} */
export function lateParts() {
  return {
    name: 'late-parts',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      for (const { facadeModuleId, fileName } of chunks) {
        if (!facadeModuleId) continue;
        const text = `file-of:${relative(root, facadeModuleId).split(sep).join('/')}`;
        const address = `./${fileName.split('/').at(-1)}`;
        for (const chunk of chunks) if (chunk.code.includes(text)) chunk.code = chunk.code.replaceAll(text, address);
      }
    },
  };
}
