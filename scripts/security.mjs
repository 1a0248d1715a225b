/**
 * What the page may load and who may frame it: a content security policy, in the built index.html (it holds wherever the
 * files are served from) and in the headers of `npm start`. `npm run dev` has none: Vite's own scripts are inline.
 */

/** What may be loaded, by kind; what is not named falls back to `default-src`, nothing. */
const directives = {
  'default-src': ["'none'"],
  // The fast CPU twins are WebAssembly.
  'script-src': ["'self'", "'wasm-unsafe-eval'"],
  'worker-src': ["'self'"],
  // Mantine writes its variables into style elements. To be dropped once it no longer does.
  'style-src': ["'self'", "'unsafe-inline'"],
  // A chart becomes a PNG by way of an image made here.
  'img-src': ["'self'", 'blob:', 'data:'],
  // The bundled model and the recorded studies lie beside the page.
  'connect-src': ["'self'"],
  'font-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
};

/** @param {Record<string, string[]>} all */
const written = (all) =>
  Object.entries(all)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ');

/** For the page itself. `frame-ancestors` has no meaning there. */
export const metaPolicy = written(directives);

/** For whoever serves the page. Nothing frames it. */
export const securityHeaders = {
  'Content-Security-Policy': written({ ...directives, 'frame-ancestors': ["'none'"] }),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
};

/** Vite plugin: the policy as the first thing that the built page says. @returns {import('vite').Plugin} */
export function contentSecurity() {
  return {
    name: 'content-security',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: metaPolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}
