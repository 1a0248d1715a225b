// out = a + b
struct Params { length: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> b: array<f32>; // (length)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  out[i] = a[i] + b[i];
}
