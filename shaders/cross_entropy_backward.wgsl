// dlogits[slot, v] = dloss * weight / rows * (softmax(logits)[v] - [v = target]), 0 in the column of the mask
struct Params { N: u32, V: u32, T: u32, maskId: u32 }
const COUNTED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (N, V), rows by slot
@group(0) @binding(2) var<storage, read> slotOf: array<u32>; // (N)
@group(0) @binding(3) var<storage, read> targets: array<u32>; // (N)
@group(0) @binding(4) var<storage, read> weights: array<f32>; // (B)
@group(0) @binding(5) var<storage, read> logSum: array<f32>; // (N)
@group(0) @binding(6) var<storage, read> dloss: array<f32>; // (1)
@group(0) @binding(7) var<storage, read> counted: array<u32>; // (2): rows is the second if COUNTED, else N
@group(0) @binding(8) var<storage, read_write> dlogits: array<f32>; // (N, V), rows by slot; unused slots untouched

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let n = i / params.V;
  let v = i % params.V;
  if (n >= params.N) { return; }
  let slot = slotOf[n];
  if (slot == 0xffffffffu) { return; }
  let at = slot * params.V + v;
  let rows = select(params.N, max(counted[1], 1u), COUNTED);
  let scale = dloss[0] * weights[n / params.T] / f32(rows);
  let target_ = select(0.0, 1.0, v == targets[n]);
  dlogits[at] = select(scale * (exp(logits[at] - logSum[n]) - target_), 0.0, v == params.maskId);
}
