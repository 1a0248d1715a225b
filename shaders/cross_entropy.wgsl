// nll[n] = logsumexp(logits[slot]) - logits[slot, target[n]] over all columns but the mask; 0 where n has no slot
struct Params { N: u32, V: u32, maskId: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (N, V), rows by slot
@group(0) @binding(2) var<storage, read> slotOf: array<u32>; // (N)
@group(0) @binding(3) var<storage, read> targets: array<u32>; // (N)
@group(0) @binding(4) var<storage, read_write> nll: array<f32>; // (N)
@group(0) @binding(5) var<storage, read_write> logSum: array<f32>; // (N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let slot = slotOf[n];
  if (slot == 0xffffffffu) {
    nll[n] = 0.0;
    logSum[n] = 0.0;
    return;
  }
  let base = slot * params.V;
  var largest = -3.4e38;
  for (var v = 0u; v < params.V; v++) {
    if (v != params.maskId) { largest = max(largest, logits[base + v]); }
  }
  var sum = 0.0;
  for (var v = 0u; v < params.V; v++) {
    if (v != params.maskId) { sum += exp(logits[base + v] - largest); }
  }
  let normaliser = largest + log(sum);
  logSum[n] = normaliser;
  nll[n] = normaliser - logits[base + targets[n]];
}
