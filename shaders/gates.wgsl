// gates[n, j] = scores[n, expertOf[n, j]], divided by the sum over the token's routes if RENORMALISE; 0 without a slot
struct Params { N: u32, E: u32, J: u32 }
const RENORMALISE: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> expertOf: array<u32>; // (N, J)
@group(0) @binding(3) var<storage, read> slotOf: array<u32>; // (N, J)
@group(0) @binding(4) var<storage, read_write> gates: array<f32>; // (N, J)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let row = n * params.E;
  let first = n * params.J;
  let end = first + params.J;
  var scale = 1.0;
  if (RENORMALISE) {
    var sum = 0.0;
    for (var i = first; i < end; i++) {
      if (expertOf[i] != NONE) { sum += scores[row + expertOf[i]]; }
    }
    if (sum > 0.0) { scale = 1.0 / sum; }
  }
  for (var i = first; i < end; i++) {
    var gate = 0.0;
    if (slotOf[i] != NONE) { gate = scores[row + expertOf[i]] * scale; }
    gates[i] = gate;
  }
}
