// dhidden[s] = previous[s] + scale * gates[pairOf[s]] * dy[pairOf[s] / J]; nothing added in unused slots;
// four channels per invocation
struct Params { S: u32, C: u32, J: u32, scale: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gates: array<f32>; // (N, J)
@group(0) @binding(2) var<storage, read> pairOf: array<u32>; // (S)
@group(0) @binding(3) var<storage, read> dy: array<f32>; // (N, C)
@group(0) @binding(4) var<storage, read> previous: array<f32>; // (S, C) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> dhidden: array<f32>; // (S, C)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let C = params.C;
  let blocks = (C + 3u) / 4u;
  let i = linear_index(id, groups, 64u);
  let s = i / blocks;
  if (s >= params.S) { return; }
  let first = (i % blocks) * 4u;
  let pair = pairOf[s];
  var gate = 0.0;
  var base = 0u;
  if (pair != NONE) {
    gate = params.scale * gates[pair];
    base = (pair / params.J) * C;
  }
  for (var c = first; c < min(first + 4u, C); c++) {
    var value = gate * dy[base + c];
    if (ADD) { value += previous[s * C + c]; }
    dhidden[s * C + c] = value;
  }
}
