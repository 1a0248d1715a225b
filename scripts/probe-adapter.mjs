/** Prints the adapter that Dawn finds as one line of JSON. Run as a process of its own by scripts/environment.mjs. */
import { create } from 'webgpu';

const gpu = create([]);
const adapter = await gpu.requestAdapter();
const info = adapter?.info;
const report = info
  ? {
      adapter: [info.vendor, info.architecture, info.description].filter(Boolean).join(' '),
      isSoftware: info.isFallbackAdapter,
    }
  : { adapter: null };
console.log(JSON.stringify(report));
