/** The package's `main` is CommonJS in a package of type "module", which Node refuses; its ES build has no types. */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
