// dv[j] = sum_i p_ij dout[i]; dk[j] = sum_i p_ij (dout[i] . v[j] - delta[i]) q[i] / sqrt(D), over the i that see j
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> logSum: array<f32>; // (N, heads)
@group(0) @binding(3) var<storage, read> dout: array<f32>; // (N, C)
@group(0) @binding(4) var<storage, read> delta: array<f32>; // (N, heads)
@group(0) @binding(5) var<storage, read_write> dqkv: array<f32>; // (N, 3 C): the last two thirds are written

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = params.C / D;
  let i = linear_index(id, groups, 64u);
  let row = i / heads;
  let head = (i % heads) * D;
  if (row >= params.N) { return; }
  let stride = 3u * params.C;
  let first = (row / params.T) * params.T;
  let scale = inverseSqrt(f32(D));
  let key = row * stride + params.C + head;
  var k: array<f32, D>;
  var v: array<f32, D>;
  var dk: array<f32, D>;
  var dv: array<f32, D>;
  for (var d = 0u; d < D; d++) {
    k[d] = qkv[key + d] * scale;
    v[d] = qkv[key + params.C + d];
    dk[d] = 0.0;
    dv[d] = 0.0;
  }
  let seen = queries_of(vec4u(row - first), first);
  let count = count_of(seen);
  for (var s = 0u; s < count; s++) {
    let j = row_of(seen, s);
    let query = j * stride + head;
    let up = j * params.C + head;
    var score = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < D; d++) {
      score += k[d] * qkv[query + d];
      dp += v[d] * dout[up + d];
    }
    let at = j * heads + i % heads;
    let p = exp(score - logSum[at]);
    let ds = p * (dp - delta[at]);
    for (var d = 0u; d < D; d++) {
      dk[d] += ds * qkv[query + d];
      dv[d] += p * dout[up + d];
    }
  }
  for (var d = 0u; d < D; d++) {
    dqkv[key + d] = dk[d] * scale;
    dqkv[key + params.C + d] = dv[d];
  }
}
