// eligible[i] = scores[i], or lower than any score where the share of the expert for the token is negative
struct Params { length: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> shares: array<f32>; // (N, E)
@group(0) @binding(3) var<storage, read_write> eligible: array<f32>; // (N, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  // Finite, as a bias may be added.
  eligible[i] = select(scores[i], -1e30, shares[i] < 0.0);
}
