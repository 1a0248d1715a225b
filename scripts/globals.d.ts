/** Short hash of the commit that was built; `unknown` outside a git checkout. Set by scripts/build-info.mjs. */
declare const __BUILD_COMMIT__: string;
/** When the build was made, ISO 8601. */
declare const __BUILD_TIME__: string;
