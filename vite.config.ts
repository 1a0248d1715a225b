/**
 * The page's build. The command line is built by scripts/build.mjs, tests are configured in vitest.config.ts.
 * `base: './'` lets the build work from any path; WGSL comes in as text through `?raw`.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { buildConstants } from './scripts/build-info.mjs';
import { corpora } from './scripts/corpora/plugin.mjs';
import { lateParts } from './scripts/late-parts.mjs';
import { contentSecurity } from './scripts/security.mjs';
import { wat } from './scripts/wat-plugin.mjs';

export default defineConfig({
  base: './',
  // A file that is missing is a 404, not the page once more: views are addressed by the hash.
  appType: 'mpa',
  plugins: [react(), wat(), corpora(), lateParts(), contentSecurity()],
  define: buildConstants(),
  worker: { format: 'es', plugins: () => [wat()] },
  build: { outDir: 'dist/page', emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 1200 },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
});
