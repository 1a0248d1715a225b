// dq[i] = sum_j p_ij (dout[i] . v[j] - delta[i]) k[j] / sqrt(D), delta[i] = dout[i] . out[i], per head
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> out: array<f32>; // (N, C)
@group(0) @binding(3) var<storage, read> logSum: array<f32>; // (N, heads)
@group(0) @binding(4) var<storage, read> dout: array<f32>; // (N, C)
@group(0) @binding(5) var<storage, read_write> delta: array<f32>; // (N, heads)
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>; // (N, 3 C): the first third is written

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = params.C / D;
  let i = linear_index(id, groups, 64u);
  let row = i / heads;
  let head = (i % heads) * D;
  if (row >= params.N) { return; }
  let stride = 3u * params.C;
  let first = (row / params.T) * params.T;
  let seen = keys_of(vec4u(row - first), first);
  let scale = inverseSqrt(f32(D));
  var q: array<f32, D>;
  var g: array<f32, D>;
  var dq: array<f32, D>;
  var along = 0.0;
  for (var d = 0u; d < D; d++) {
    q[d] = qkv[row * stride + head + d] * scale;
    g[d] = dout[row * params.C + head + d];
    dq[d] = 0.0;
    along += g[d] * out[row * params.C + head + d];
  }
  delta[i] = along;
  let count = count_of(seen);
  for (var s = 0u; s < count; s++) {
    let j = row_of(seen, s);
    let key = j * stride + params.C + head;
    var score = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < D; d++) {
      score += q[d] * qkv[key + d];
      dp += g[d] * qkv[key + params.C + d];
    }
    let ds = exp(score - logSum[i]) * (dp - along);
    for (var d = 0u; d < D; d++) { dq[d] += ds * qkv[key + d]; }
  }
  for (var d = 0u; d < D; d++) { dqkv[row * stride + head + d] = dq[d] * scale; }
}
