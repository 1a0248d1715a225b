// dlogits = previous + s (ds - sum over experts of s ds) for softmax, previous + ds s (1 - s) for sigmoid
struct Params { rows: u32, E: u32 }
const SIGMOID: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (rows, E)
@group(0) @binding(2) var<storage, read> dscores: array<f32>; // (rows, E)
@group(0) @binding(3) var<storage, read> previous: array<f32>; // (rows, E) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>; // (rows, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = linear_index(id, groups, 64u);
  if (row >= params.rows) { return; }
  let first = row * params.E;
  let end = first + params.E;
  var along = 0.0;
  if (!SIGMOID) {
    for (var i = first; i < end; i++) { along += scores[i] * dscores[i]; }
  }
  for (var i = first; i < end; i++) {
    let s = scores[i];
    var value = s * (dscores[i] - along);
    if (SIGMOID) { value = dscores[i] * s * (1.0 - s); }
    if (ADD) { value += previous[i]; }
    dlogits[i] = value;
  }
}
