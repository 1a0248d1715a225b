// partial[chunk] = scale * sum over a chunk's tokens of logsumexp(logits of the token)^2
struct Params { N: u32, E: u32, chunk: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk))

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let first = i * params.chunk;
  if (first >= params.N) { return; }
  var sum = 0.0;
  for (var n = first; n < min(first + params.chunk, params.N); n++) {
    let row = n * params.E;
    var largest = logits[row];
    for (var e = 1u; e < params.E; e++) { largest = max(largest, logits[row + e]); }
    var total = 0.0;
    for (var e = 0u; e < params.E; e++) { total += exp(logits[row + e] - largest); }
    let z = largest + log(total);
    sum += z * z;
  }
  partial[i] = params.scale * sum;
}
