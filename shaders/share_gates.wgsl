// shared[n, j] = gates[n, j] * shares[n, expertOf[n, j]]; the gate itself, 0, where there is no route
struct Params { M: u32, E: u32, J: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gates: array<f32>; // (N, J), M in all
@group(0) @binding(2) var<storage, read> shares: array<f32>; // (N, E)
@group(0) @binding(3) var<storage, read> expertOf: array<u32>; // (N, J)
@group(0) @binding(4) var<storage, read_write> shared_gates: array<f32>; // (N, J)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.M) { return; }
  var gate = gates[i];
  if (expertOf[i] != NONE) { gate *= shares[i / params.J * params.E + expertOf[i]]; }
  shared_gates[i] = gate;
}
