// partial[chunk, e] = sum of p[n, e] over a chunk's tokens; p = scores, or scores / their row's sum if NORMALISE
struct Params { N: u32, E: u32, chunk: u32 }
const NORMALISE: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk), E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let e = i % params.E;
  let first = (i / params.E) * params.chunk;
  if (first >= params.N) { return; }
  var sum = 0.0;
  for (var n = first; n < min(first + params.chunk, params.N); n++) {
    var total = 1.0;
    if (NORMALISE) {
      total = 0.0;
      for (var other = 0u; other < params.E; other++) { total += scores[n * params.E + other]; }
    }
    sum += scores[n * params.E + e] / total;
  }
  partial[i] = sum;
}
