/** A WebAssembly text file, compiled and inlined by scripts/wat-plugin.mjs. */
declare module '*.wat' {
  export const bytes: Uint8Array<ArrayBuffer>;
}
