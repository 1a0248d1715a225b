// partial[chunk] = scale * sum over a chunk's tokens and all experts of p[n, e] * routes[e], p = scores / their sum if NORMALISE
struct Params { N: u32, E: u32, chunk: u32, scale: f32 }
const NORMALISE: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> offsets: array<u32>; // (E + 1); routes[e] = offsets[e + 1] - offsets[e]
@group(0) @binding(3) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk))

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
      row += score * f32(offsets[e + 1u] - offsets[e]);
    }
    if (NORMALISE) { row /= total; }
    sum += row;
  }
  partial[i] = params.scale * sum;
}
