// The sums of attention.wgsl, online over the keys: 4 queries x 4 keys per step in registers, no barrier; D % 4 == 0.
struct Params { N: u32, T: u32, C: u32, blockSize: u32 }
const D: u32 = 32u; // tunable
const PAIRED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (N, 3 C): query, key, value, each heads x D
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (N, C)
@group(0) @binding(3) var<storage, read_write> logSum: array<f32>; // (N, heads)

const W = D / 4u; // vec4s per head
var<private> o0: array<vec4f, W>; var<private> o1: array<vec4f, W>;
var<private> o2: array<vec4f, W>; var<private> o3: array<vec4f, W>;

fn highest(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn total(v: vec4f) -> f32 { return dot(v, vec4f(1.0)); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = params.C / D;
  let at = four_rows(linear_index(id, groups, 64u), params.T, heads);
  if (at.row >= params.N) { return; }
  let stride = 3u * heads * W;
  let seen = keys_of(at.rows - at.first, at.first);
  let q = at.rows * stride + at.head * W;
  let scale = inverseSqrt(f32(D));
  for (var d = 0u; d < W; d++) { o0[d] = vec4f(); o1[d] = vec4f(); o2[d] = vec4f(); o3[d] = vec4f(); }
  var largest = vec4f(-1e38);
  var sums = vec4f();
  let turns = turns_of(seen.a) + turns_of(seen.b);
  for (var i = 0u; i < turns; i++) {
    let turn = turn_of(seen, i);
    let k = turn.rows * stride + (heads + at.head) * W;
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    for (var d = 0u; d < W; d++) {
      let keys = mat4x4f(qkv[k.x + d], qkv[k.y + d], qkv[k.z + d], qkv[k.w + d]);
      s0 += qkv[q.x + d] * keys;
      s1 += qkv[q.y + d] * keys;
      s2 += qkv[q.z + d] * keys;
      s3 += qkv[q.w + d] * keys;
    }
    s0 = select(vec4f(-1e38), s0 * scale, sees(turn, 0u));
    s1 = select(vec4f(-1e38), s1 * scale, sees(turn, 1u));
    s2 = select(vec4f(-1e38), s2 * scale, sees(turn, 2u));
    s3 = select(vec4f(-1e38), s3 * scale, sees(turn, 3u));
    // A row that has seen none yet sums ones here; the first real score shrinks them to nothing. Each row sees itself.
    let next = max(largest, vec4f(highest(s0), highest(s1), highest(s2), highest(s3)));
    let shrink = exp(largest - next);
    largest = next;
    s0 = exp(s0 - next.x); s1 = exp(s1 - next.y); s2 = exp(s2 - next.z); s3 = exp(s3 - next.w);
    sums = sums * shrink + vec4f(total(s0), total(s1), total(s2), total(s3));
    let v = k + heads * W;
    for (var d = 0u; d < W; d++) {
      let values = mat4x4f(qkv[v.x + d], qkv[v.y + d], qkv[v.z + d], qkv[v.w + d]);
      o0[d] = o0[d] * shrink.x + values * s0;
      o1[d] = o1[d] * shrink.y + values * s1;
      o2[d] = o2[d] * shrink.z + values * s2;
      o3[d] = o3[d] * shrink.w + values * s3;
    }
  }
  let save = largest + log(sums);
  for (var r = 0u; r < at.count; r++) {
    let to = ((at.row + r) * heads + at.head) * W;
    logSum[(at.row + r) * heads + at.head] = save[r];
    for (var d = 0u; d < W; d++) {
      var value = o0[d];
      if (r == 1u) { value = o1[d]; } else if (r == 2u) { value = o2[d]; } else if (r == 3u) { value = o3[d]; }
      out[to + d] = value / sums[r];
    }
  }
}
