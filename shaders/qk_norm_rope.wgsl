// per head of q and k: y = x * weight * inverse (if NORM), then pairs (i, i + D/2) turned by angle[t, i]; v is copied
struct Params { N: u32, T: u32, C: u32, epsilon: f32 }
const D: u32 = 32u; // tunable
const NORM: bool = true; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> qWeight: array<f32>; // (D) if NORM, else anything
@group(0) @binding(3) var<storage, read> kWeight: array<f32>; // (D) if NORM, else anything
@group(0) @binding(4) var<storage, read> turn: array<f32>; // (T, D): cosines, then sines
@group(0) @binding(5) var<storage, read_write> out: array<f32>; // (N, 3 C)
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>; // (N, 3 heads): 1 / rms; unused for v

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let parts = 3u * params.C / D;
  let i = linear_index(id, groups, 64u);
  let row = i / parts;
  let part = i % parts;
  if (row >= params.N) { return; }
  let base = row * 3u * params.C + part * D;
  if (part * D >= 2u * params.C) {
    for (var d = 0u; d < D; d++) { out[base + d] = qkv[base + d]; }
    inverse[i] = 0.0;
    return;
  }
  var scale = 1.0;
  if (NORM) {
    var sum = 0.0;
    for (var d = 0u; d < D; d++) { sum += qkv[base + d] * qkv[base + d]; }
    scale = inverseSqrt(sum / f32(D) + params.epsilon);
  }
  inverse[i] = scale;
  let angles = (row % params.T) * D;
  let isQuery = part * D < params.C;
  for (var d = 0u; d < D / 2u; d++) {
    var a = qkv[base + d] * scale;
    var b = qkv[base + d + D / 2u] * scale;
    if (NORM) {
      a *= select(kWeight[d], qWeight[d], isQuery);
      b *= select(kWeight[d + D / 2u], qWeight[d + D / 2u], isQuery);
    }
    let c = turn[angles + d];
    let s = turn[angles + D / 2u + d];
    out[base + d] = a * c - b * s;
    out[base + d + D / 2u] = b * c + a * s;
  }
}
