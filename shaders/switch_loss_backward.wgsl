// dscores[n, e] = dloss coefficient[e], or dloss (coefficient[e] - sum_i coefficient[i] p[n, i]) / row's sum if NORMALISE
struct Params { N: u32, E: u32 }
const NORMALISE: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> coefficient: array<f32>; // (E)
@group(0) @binding(3) var<storage, read> dloss: array<f32>; // (1)
@group(0) @binding(4) var<storage, read_write> dscores: array<f32>; // (N, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  var total = 1.0;
  var along = 0.0;
  if (NORMALISE) {
    total = 0.0;
    for (var e = 0u; e < params.E; e++) {
      total += scores[n * params.E + e];
      along += coefficient[e] * scores[n * params.E + e];
    }
    along /= total;
  }
  for (var e = 0u; e < params.E; e++) { dscores[n * params.E + e] = dloss[0] * (coefficient[e] - along) / total; }
}
