// The sums of attention_backward_query.wgsl: 4 queries x 4 keys per step in registers, no barrier; D % 4 == 0.
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> out: array<vec4f>; // (N, C)
@group(0) @binding(3) var<storage, read> logSum: array<f32>; // (N, heads)
@group(0) @binding(4) var<storage, read> dout: array<vec4f>; // (N, C)
@group(0) @binding(5) var<storage, read_write> delta: array<f32>; // (N, heads)
@group(0) @binding(6) var<storage, read_write> dqkv: array<vec4f>; // (N, 3 C): the first third is written

const W = D / 4u; // vec4s per head
var<private> d0: array<vec4f, W>; var<private> d1: array<vec4f, W>;
var<private> d2: array<vec4f, W>; var<private> d3: array<vec4f, W>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = params.C / D;
  let at = four_rows(linear_index(id, groups, 64u), params.T, heads);
  if (at.row >= params.N) { return; }
  let stride = 3u * heads * W;
  let seen = keys_of(at.rows - at.first, at.first);
  let q = at.rows * stride + at.head * W;
  let g = (at.rows * heads + at.head) * W;
  let scale = inverseSqrt(f32(D));
  var along = vec4f();
  for (var d = 0u; d < W; d++) {
    along += vec4f(
      dot(dout[g.x + d], out[g.x + d]), dot(dout[g.y + d], out[g.y + d]),
      dot(dout[g.z + d], out[g.z + d]), dot(dout[g.w + d], out[g.w + d]));
    d0[d] = vec4f(); d1[d] = vec4f(); d2[d] = vec4f(); d3[d] = vec4f();
  }
  let saved = at.rows * heads + at.head;
  let lse = vec4f(logSum[saved.x], logSum[saved.y], logSum[saved.z], logSum[saved.w]);
  let turns = turns_of(seen.a) + turns_of(seen.b);
  for (var i = 0u; i < turns; i++) {
    let turn = turn_of(seen, i);
    let k = turn.rows * stride + (heads + at.head) * W;
    let v = k + heads * W;
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
    for (var d = 0u; d < W; d++) {
      let keys = mat4x4f(qkv[k.x + d], qkv[k.y + d], qkv[k.z + d], qkv[k.w + d]);
      let values = mat4x4f(qkv[v.x + d], qkv[v.y + d], qkv[v.z + d], qkv[v.w + d]);
      s0 += qkv[q.x + d] * keys; t0 += dout[g.x + d] * values;
      s1 += qkv[q.y + d] * keys; t1 += dout[g.y + d] * values;
      s2 += qkv[q.z + d] * keys; t2 += dout[g.z + d] * values;
      s3 += qkv[q.w + d] * keys; t3 += dout[g.w + d] * values;
    }
    s0 = select(vec4f(), exp(s0 * scale - lse.x) * (t0 - along.x), sees(turn, 0u));
    s1 = select(vec4f(), exp(s1 * scale - lse.y) * (t1 - along.y), sees(turn, 1u));
    s2 = select(vec4f(), exp(s2 * scale - lse.z) * (t2 - along.z), sees(turn, 2u));
    s3 = select(vec4f(), exp(s3 * scale - lse.w) * (t3 - along.w), sees(turn, 3u));
    for (var d = 0u; d < W; d++) {
      let keys = mat4x4f(qkv[k.x + d], qkv[k.y + d], qkv[k.z + d], qkv[k.w + d]);
      d0[d] += keys * s0; d1[d] += keys * s1; d2[d] += keys * s2; d3[d] += keys * s3;
    }
  }
  for (var r = 0u; r < at.count; r++) {
    delta[(at.row + r) * heads + at.head] = along[r];
    for (var d = 0u; d < W; d++) {
      var value = d0[d];
      if (r == 1u) { value = d1[d]; } else if (r == 2u) { value = d2[d]; } else if (r == 3u) { value = d3[d]; }
      dqkv[(at.row + r) * stride + at.head * W + d] = value * scale;
    }
  }
}
