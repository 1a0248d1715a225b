// partial[chunk] = scale * sum over a chunk's tokens and all experts of p[n, e] * routes[n, e], p = scores / their sum if
// NORMALISE, routes[n, e] = routes to expert e of all tokens of n's group
struct Params { N: u32, E: u32, size: u32, chunk: u32, scale: f32 }
const NORMALISE: bool = false; // tunable
const BY_GROUP: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> asked: array<u32>; // (N / size, E) routes if BY_GROUP, else (E + 1) where they begin
@group(0) @binding(3) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk))

fn routes(n: u32, e: u32) -> f32 {
  if (BY_GROUP) { return f32(asked[n / params.size * params.E + e]); }
  return f32(asked[e + 1u] - asked[e]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let first = i * params.chunk;
  if (first >= params.N) { return; }
  var sum = 0.0;
  for (var n = first; n < min(first + params.chunk, params.N); n++) {
    var total = 0.0;
    var row = 0.0;
    for (var e = 0u; e < params.E; e++) {
      let score = scores[n * params.E + e];
      total += score;
      row += score * routes(n, e);
    }
    if (NORMALISE) { row /= total; }
    sum += row;
  }
  partial[i] = params.scale * sum;
}
