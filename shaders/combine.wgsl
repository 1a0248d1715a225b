// out[n] = residual[n] + scale * sum over routes j of gates[n, j] * hidden[slotOf[n, j]]; four channels per invocation
struct Params { N: u32, C: u32, J: u32, scale: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> hidden: array<f32>; // (S, C)
@group(0) @binding(2) var<storage, read> gates: array<f32>; // (N, J)
@group(0) @binding(3) var<storage, read> slotOf: array<u32>; // (N, J)
@group(0) @binding(4) var<storage, read> residual: array<f32>; // (N, C) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<f32>; // (N, C)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let C = params.C;
  let blocks = (C + 3u) / 4u;
  let i = linear_index(id, groups, 64u);
  let n = i / blocks;
  if (n >= params.N) { return; }
  let first = (i % blocks) * 4u;
  // Channels past the edge repeat the last one; they are not stored.
  let channels = min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(C - 1u));
  var sum = vec4f();
  if (ADD) {
    let at = n * C + channels;
    sum = vec4f(residual[at.x], residual[at.y], residual[at.z], residual[at.w]);
  }
  for (var j = 0u; j < params.J; j++) {
    let slot = slotOf[n * params.J + j];
    if (slot == NONE) { continue; }
    let at = slot * C + channels;
    sum += params.scale * gates[n * params.J + j] * vec4f(hidden[at.x], hidden[at.y], hidden[at.z], hidden[at.w]);
  }
  for (var c = 0u; c < min(4u, C - first); c++) { out[n * C + first + c] = sum[c]; }
}
