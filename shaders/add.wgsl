// out = a + b, or a copy of a
struct Params { length: u32 }
const ADD: bool = true; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> b: array<f32>; // (length) if ADD, else anything
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  if (ADD) { out[i] = a[i] + b[i]; } else { out[i] = a[i]; }
}
