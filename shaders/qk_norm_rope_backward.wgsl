// g = dout turned back; dx = inverse (g w - x inverse^2 mean(x g w)) if NORM, else g; dv is copied
struct Params { N: u32, T: u32, C: u32 }
const D: u32 = 32u; // tunable
const NORM: bool = true; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> qWeight: array<f32>; // (D) if NORM, else anything
@group(0) @binding(3) var<storage, read> kWeight: array<f32>; // (D) if NORM, else anything
@group(0) @binding(4) var<storage, read> turn: array<f32>; // (T, D)
@group(0) @binding(5) var<storage, read> inverse: array<f32>; // (N, 3 heads)
@group(0) @binding(6) var<storage, read> dout: array<f32>; // (N, 3 C)
@group(0) @binding(7) var<storage, read_write> dqkv: array<f32>; // (N, 3 C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let parts = 3u * params.C / D;
  let i = linear_index(id, groups, 64u);
  let row = i / parts;
  let part = i % parts;
  if (row >= params.N) { return; }
  let base = row * 3u * params.C + part * D;
  if (part * D >= 2u * params.C) {
    for (var d = 0u; d < D; d++) { dqkv[base + d] = dout[base + d]; }
    return;
  }
  let angles = (row % params.T) * D;
  let isQuery = part * D < params.C;
  let scale = inverse[i];
  var g: array<f32, D>;
  var along = 0.0;
  for (var d = 0u; d < D / 2u; d++) {
    let c = turn[angles + d];
    let s = turn[angles + D / 2u + d];
    let a = dout[base + d];
    let b = dout[base + d + D / 2u];
    g[d] = a * c + b * s;
    g[d + D / 2u] = b * c - a * s;
    if (NORM) {
      g[d] *= select(kWeight[d], qWeight[d], isQuery);
      g[d + D / 2u] *= select(kWeight[d + D / 2u], qWeight[d + D / 2u], isQuery);
      along += g[d] * qkv[base + d] + g[d + D / 2u] * qkv[base + d + D / 2u];
    }
  }
  along *= scale * scale / f32(D);
  for (var d = 0u; d < D; d++) { dqkv[base + d] = scale * (g[d] - qkv[base + d] * along); }
}
