/**
 * What a kernel is: one WGSL file with entry point `main`, and its CPU twin in TypeScript.
 *
 * The shader is the only declaration of bindings and parameters; they are read out of its source here.
 * Tunables and shape constants are module-scope `const` lines marked `// tunable`; a pipeline replaces their
 * values before compiling. (WGSL `override` cannot size a private array, which register blocking needs.)
 * Not here: pipelines and buffers (`gpuRuntime.ts`), what a step consists of (`recording.ts`).
 */
import { ResourceType, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { KernelError } from '../base/errors.ts';

/** Floating point data of a twin: 32 bits when it stands in for the GPU, 64 when it is the oracle. */
export type Floats = Float32Array | Float64Array;
export type Words = Uint32Array;
export type TwinBindings = Readonly<Record<string, Floats | Words>>;
export type Parameters = Readonly<Record<string, number>>;

export interface Kernel<B extends TwinBindings = TwinBindings, P extends Parameters = Parameters> {
  readonly name: string;
  /** Complete WGSL: shared helpers, then the file itself. */
  readonly source: string;
  /** Plain loops over the same bindings; the specification of the shader. */
  readonly twin: (bindings: B, parameters: P) => void;
}

/** Joins a WGSL file with the helper files it uses and its twin. `wgsl` is imported with `?raw`. */
export function kernel<B extends TwinBindings, P extends Parameters>(definition: {
  name: string;
  wgsl: string;
  helpers?: readonly string[];
  twin: (bindings: B, parameters: P) => void;
}): Kernel<B, P> {
  const { name, wgsl, helpers = [], twin } = definition;
  return { name, source: [wgsl, ...helpers].join('\n'), twin };
}

export interface Binding {
  readonly name: string;
  readonly index: number;
  readonly access: 'read' | 'read_write';
}

/** What a shader declares: storage bindings, the members of its `Params` struct, its tunables. */
export interface Interface {
  readonly bindings: readonly Binding[];
  readonly uniform: {
    readonly index: number;
    readonly bytes: number;
    readonly members: readonly { name: string; offset: number; type: 'u32' | 'f32' }[];
  } | null;
  readonly tunables: ReadonlySet<string>;
}

const interfaces = new WeakMap<Kernel, Interface>();
const tunablePattern = /^(const\s+(\w+)\s*(?::\s*(u32|f32|bool))?\s*=\s*)([^;]+);(\s*\/\/ tunable.*)$/gm;

/** Reads a kernel's declarations out of its WGSL, once. Throws `KernelError` for a parameter that is neither u32 nor f32. */
export function interfaceOf(kernel: Kernel): Interface {
  const known = interfaces.get(kernel);
  if (known) return known;
  const read = reflect(kernel);
  interfaces.set(kernel, read);
  return read;
}

function reflect(kernel: Kernel): Interface {
  const reflection = new WgslReflect(kernel.source);
  const bindings: Binding[] = [];
  for (const resource of reflection.storage) {
    if (resource.resourceType !== ResourceType.Storage) continue;
    const access = resource.access === 'read_write' ? 'read_write' : 'read';
    bindings.push({ name: resource.name, index: resource.binding, access });
  }
  let uniform: Interface['uniform'] = null;
  for (const resource of reflection.uniforms) {
    const members = (resource.members ?? []).map((member) => {
      const type = member.type.name;
      if (type !== 'u32' && type !== 'f32') {
        throw new KernelError(`${kernel.name}: expected u32 or f32 members in Params, got ${member.name}: ${type}`);
      }
      return { name: member.name, offset: member.offset, type } as const;
    });
    uniform = { index: resource.binding, bytes: Math.ceil(resource.size / 16) * 16, members };
  }
  const tunables = new Set([...kernel.source.matchAll(tunablePattern)].map((match) => match[2]));
  return { bindings, uniform, tunables };
}

/** The shader with its tunables set; those not named keep the value written in the file. */
export function specialise(kernel: Kernel, parameters: Parameters): string {
  return kernel.source.replace(
    tunablePattern,
    (line, head: string, name: string, type: string | undefined, _old, tail) => {
      const value = parameters[name];
      if (value === undefined) return line;
      const suffix = type === 'f32' ? 'f' : 'u';
      return `${head}${type === 'bool' ? String(value !== 0) : `${value}${suffix}`};${tail}`;
    },
  );
}

/** Packs a launch's parameters as the shader's `Params` struct lays them out. */
export function packParameters(kernel: Kernel, parameters: Parameters): ArrayBuffer {
  const { uniform } = interfaceOf(kernel);
  const bytes = new ArrayBuffer(uniform?.bytes ?? 0);
  const view = new DataView(bytes);
  for (const { name, offset, type } of uniform?.members ?? []) {
    const value = parameters[name];
    if (value === undefined || !Number.isFinite(value)) {
      throw new KernelError(`${kernel.name}: expected a number for parameter ${name}, got ${value}`);
    }
    if (type === 'f32') view.setFloat32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}
