// The sums of attention_backward_key_value.wgsl: 4 keys x 4 queries per step in registers, no barrier; D % 4 == 0.
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> logSum: array<f32>; // (N, heads)
@group(0) @binding(3) var<storage, read> dout: array<vec4f>; // (N, C)
@group(0) @binding(4) var<storage, read> delta: array<f32>; // (N, heads)
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>; // (N, 3 C): the last two thirds are written

const W = D / 4u; // vec4s per head
var<private> k0: array<vec4f, W>; var<private> v0: array<vec4f, W>;
var<private> k1: array<vec4f, W>; var<private> v1: array<vec4f, W>;
var<private> k2: array<vec4f, W>; var<private> v2: array<vec4f, W>;
var<private> k3: array<vec4f, W>; var<private> v3: array<vec4f, W>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = params.C / D;
  let at = four_rows(linear_index(id, groups, 64u), params.T, heads);
  if (at.row >= params.N) { return; }
  let stride = 3u * heads * W;
  let seen = queries_of(at.rows - at.first, at.first);
  let k = at.rows * stride + (heads + at.head) * W;
  let v = k + heads * W;
  let scale = inverseSqrt(f32(D));
  for (var d = 0u; d < W; d++) {
    k0[d] = vec4f(); k1[d] = vec4f(); k2[d] = vec4f(); k3[d] = vec4f();
    v0[d] = vec4f(); v1[d] = vec4f(); v2[d] = vec4f(); v3[d] = vec4f();
  }
  let turns = turns_of(seen.a) + turns_of(seen.b);
  for (var i = 0u; i < turns; i++) {
    let turn = turn_of(seen, i);
    let js = turn.rows;
    let q = js * stride + at.head * W;
    let g = (js * heads + at.head) * W;
    let saved = js * heads + at.head;
    let lse = vec4f(logSum[saved.x], logSum[saved.y], logSum[saved.z], logSum[saved.w]);
    let along = vec4f(delta[saved.x], delta[saved.y], delta[saved.z], delta[saved.w]);
    var p0 = vec4f(); var p1 = vec4f(); var p2 = vec4f(); var p3 = vec4f();
    var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
    for (var d = 0u; d < W; d++) {
      let queries = mat4x4f(qkv[q.x + d], qkv[q.y + d], qkv[q.z + d], qkv[q.w + d]);
      let upstream = mat4x4f(dout[g.x + d], dout[g.y + d], dout[g.z + d], dout[g.w + d]);
      p0 += qkv[k.x + d] * queries; t0 += qkv[v.x + d] * upstream;
      p1 += qkv[k.y + d] * queries; t1 += qkv[v.y + d] * upstream;
      p2 += qkv[k.z + d] * queries; t2 += qkv[v.z + d] * upstream;
      p3 += qkv[k.w + d] * queries; t3 += qkv[v.w + d] * upstream;
    }
    p0 = select(vec4f(), exp(p0 * scale - lse), sees(turn, 0u));
    p1 = select(vec4f(), exp(p1 * scale - lse), sees(turn, 1u));
    p2 = select(vec4f(), exp(p2 * scale - lse), sees(turn, 2u));
    p3 = select(vec4f(), exp(p3 * scale - lse), sees(turn, 3u));
    t0 = p0 * (t0 - along); t1 = p1 * (t1 - along); t2 = p2 * (t2 - along); t3 = p3 * (t3 - along);
    for (var d = 0u; d < W; d++) {
      let queries = mat4x4f(qkv[q.x + d], qkv[q.y + d], qkv[q.z + d], qkv[q.w + d]);
      let upstream = mat4x4f(dout[g.x + d], dout[g.y + d], dout[g.z + d], dout[g.w + d]);
      k0[d] += queries * t0; k1[d] += queries * t1; k2[d] += queries * t2; k3[d] += queries * t3;
      v0[d] += upstream * p0; v1[d] += upstream * p1; v2[d] += upstream * p2; v3[d] += upstream * p3;
    }
  }
  for (var r = 0u; r < at.count; r++) {
    let to = (at.row + r) * stride + (heads + at.head) * W;
    for (var d = 0u; d < W; d++) {
      var dk = k0[d]; var dv = v0[d];
      if (r == 1u) { dk = k1[d]; dv = v1[d]; } else if (r == 2u) { dk = k2[d]; dv = v2[d]; }
      else if (r == 3u) { dk = k3[d]; dv = v3[d]; }
      dqkv[to + d] = dk * scale;
      dqkv[to + heads * W + d] = dv;
    }
  }
}
