// Routes without those whose share is negative: neither slot nor expert is left of them.
struct Params { M: u32, E: u32, J: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> shares: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> expertOf: array<u32>; // (N, J), M in all
@group(0) @binding(3) var<storage, read> slotOf: array<u32>; // (N, J)
@group(0) @binding(4) var<storage, read_write> expertLeft: array<u32>; // (N, J)
@group(0) @binding(5) var<storage, read_write> slotLeft: array<u32>; // (N, J)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.M) { return; }
  let expert = expertOf[i];
  var is_left = expert != NONE;
  if (is_left) { is_left = shares[i / params.J * params.E + expert] >= 0.0; }
  expertLeft[i] = select(NONE, expert, is_left);
  slotLeft[i] = select(NONE, slotOf[i], is_left);
}
