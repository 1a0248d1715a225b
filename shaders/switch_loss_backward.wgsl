// dscores[n, e] = previous + dloss scale routes[n, e], or dloss scale (routes[n, e] - sum_i routes[n, i] p[n, i]) / total if
// NORMALISE; routes[n, e] = routes to expert e of all tokens of n's group
struct Params { N: u32, E: u32, size: u32, scale: f32 }
const NORMALISE: bool = false; // tunable
const BY_GROUP: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> asked: array<u32>; // (N / size, E) routes if BY_GROUP, else (E + 1) where they begin
@group(0) @binding(3) var<storage, read> dloss: array<f32>; // (1)
@group(0) @binding(4) var<storage, read> previous: array<f32>; // (N, E) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> dscores: array<f32>; // (N, E)

fn routes(n: u32, e: u32) -> u32 {
  if (BY_GROUP) { return asked[n / params.size * params.E + e]; }
  return asked[e + 1u] - asked[e];
}

// Relative to expert 0: equal counts, or an only expert, give exactly 0 through the normalisation.
fn relative(n: u32, e: u32) -> f32 { return f32(i32(routes(n, e)) - i32(routes(n, 0u))); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let row = n * params.E;
  var total = 1.0;
  var shift = f32(routes(n, 0u));
  if (NORMALISE) {
    total = 0.0;
    var along = 0.0;
    for (var e = 0u; e < params.E; e++) {
      total += scores[row + e];
      along += scores[row + e] * relative(n, e);
    }
    shift = -along / total;
  }
  for (var e = 0u; e < params.E; e++) {
    var value = dloss[0] * params.scale * (relative(n, e) + shift) / total;
    if (ADD) { value += previous[row + e]; }
    dscores[row + e] = value;
  }
}
