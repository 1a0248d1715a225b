// scores = softmax(logits) over the experts of a row, or sigmoid(logits)
struct Params { rows: u32, E: u32 }
const SIGMOID: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (rows, E)
@group(0) @binding(2) var<storage, read_write> scores: array<f32>; // (rows, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = linear_index(id, groups, 64u);
  if (row >= params.rows) { return; }
  let first = row * params.E;
  let end = first + params.E;
  if (SIGMOID) {
    for (var i = first; i < end; i++) { scores[i] = sigmoid(logits[i]); }
  } else {
    var largest = logits[first];
    for (var i = first + 1u; i < end; i++) { largest = max(largest, logits[i]); }
    var sum = 0.0;
    for (var i = first; i < end; i++) { sum += exp(logits[i] - largest); }
    for (var i = first; i < end; i++) { scores[i] = exp(logits[i] - largest) / sum; }
  }
}
