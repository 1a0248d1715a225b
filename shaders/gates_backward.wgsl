// dscores = previous + dg for the chosen experts; (dg - sum over routes of g dg) / (sum of chosen scores) if RENORMALISE;
// dg = 0 without a slot
struct Params { N: u32, E: u32, J: u32 }
const RENORMALISE: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> expertOf: array<u32>; // (N, J)
@group(0) @binding(3) var<storage, read> slotOf: array<u32>; // (N, J)
@group(0) @binding(4) var<storage, read> dgates: array<f32>; // (N, J)
@group(0) @binding(5) var<storage, read> previous: array<f32>; // (N, E) if ADD, else anything
@group(0) @binding(6) var<storage, read_write> dscores: array<f32>; // (N, E)

const NONE = 0xffffffffu;

fn dgate(i: u32) -> f32 { return select(dgates[i], 0.0, slotOf[i] == NONE); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let row = n * params.E;
  let first = n * params.J;
  let end = first + params.J;
  var scale = 1.0;
  var along = 0.0;
  if (RENORMALISE) {
    // Shares sum to 1, so any number may be taken off all dg. With that of the first route the gradient of an only
    // choice is 0 and not a rounding error, which AdamW would blow up to a step of full size.
    var shift = 0.0;
    var sum = 0.0;
    for (var i = first; i < end; i++) {
      if (expertOf[i] == NONE) { continue; }
      if (sum == 0.0) { shift = dgate(i); }
      let score = scores[row + expertOf[i]];
      sum += score;
      along += score * (dgate(i) - shift);
    }
    if (sum > 0.0) {
      scale = 1.0 / sum;
      along = shift + along * scale;
    }
  }
  for (var i = row; i < row + params.E; i++) {
    var value = 0.0;
    if (ADD) { value = previous[i]; }
    dscores[i] = value;
  }
  // A row belongs to one invocation, so its experts can be written in any order.
  for (var i = first; i < end; i++) {
    if (expertOf[i] != NONE) { dscores[row + expertOf[i]] += (dgate(i) - along) * scale; }
  }
}
