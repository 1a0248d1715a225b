// dlogits[n, e] = previous + dloss 2 scale z softmax(logits of n)[e], z = logsumexp(logits of n)
struct Params { N: u32, E: u32, scale: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> dloss: array<f32>; // (1)
@group(0) @binding(3) var<storage, read> previous: array<f32>; // (N, E) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>; // (N, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let first = n * params.E;
  let end = first + params.E;
  var largest = logits[first];
  for (var i = first + 1u; i < end; i++) { largest = max(largest, logits[i]); }
  var total = 0.0;
  for (var i = first; i < end; i++) { total += exp(logits[i] - largest); }
  let factor = 2.0 * params.scale * dloss[0] * (largest + log(total)) / total;
  for (var i = first; i < end; i++) {
    var value = factor * exp(logits[i] - largest);
    if (ADD) { value += previous[i]; }
    dlogits[i] = value;
  }
}
