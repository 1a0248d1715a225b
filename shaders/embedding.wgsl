// out[n, c] = table[tokens[n], c]
struct Params { N: u32, C: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>; // (V, C)
@group(0) @binding(2) var<storage, read> tokens: array<u32>; // (N)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (N, C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.N * params.C) { return; }
  out[i] = table[tokens[i / params.C] * params.C + i % params.C];
}
