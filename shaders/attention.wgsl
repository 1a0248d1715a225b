// out[i] = sum_j softmax_j(q[i] . k[j] / sqrt(D)) v[j] over visible j, per head; logSum = the softmax's log-sum-exp
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C): query, key, value, each heads x D
@group(0) @binding(2) var<storage, read_write> out: array<f32>; // (N, C)
@group(0) @binding(3) var<storage, read_write> logSum: array<f32>; // (N, heads)

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
  var sum: array<f32, D>;
  for (var d = 0u; d < D; d++) {
    q[d] = qkv[row * stride + head + d] * scale;
    sum[d] = 0.0;
  }
  var largest = -3.4e38;
  var total = 0.0;
  let count = count_of(seen);
  for (var s = 0u; s < count; s++) {
    let j = row_of(seen, s);
    let key = j * stride + params.C + head;
    var score = 0.0;
    for (var d = 0u; d < D; d++) { score += q[d] * qkv[key + d]; }
    if (score > largest) {
      let shrink = exp(largest - score);
      total *= shrink;
      for (var d = 0u; d < D; d++) { sum[d] *= shrink; }
      largest = score;
    }
    let p = exp(score - largest);
    total += p;
    let value = key + params.C;
    for (var d = 0u; d < D; d++) { sum[d] += p * qkv[value + d]; }
  }
  for (var d = 0u; d < D; d++) { out[row * params.C + head + d] = sum[d] / total; }
  logSum[i] = largest + log(total);
}
