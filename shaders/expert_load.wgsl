// load[e] = offsets[e + 1] - offsets[e]
struct Params { E: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(2) var<storage, read_write> load: array<u32>; // (E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let e = id.x;
  if (e >= params.E) { return; }
  load[e] = offsets[e + 1u] - offsets[e];
}
