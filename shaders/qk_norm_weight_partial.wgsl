// partial[chunk, d] = sum over a chunk's rows and all heads of x inverse (dout turned back): the gradient of one weight
struct Params { N: u32, T: u32, C: u32, part: u32, chunk: u32 }
const D: u32 = 32u; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (N, 3 C)
@group(0) @binding(2) var<storage, read> turn: array<f32>; // (T, D)
@group(0) @binding(3) var<storage, read> inverse: array<f32>; // (N, 3 heads)
@group(0) @binding(4) var<storage, read> dout: array<f32>; // (N, 3 C)
@group(0) @binding(5) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk), D)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let d = i % D;
  let first = (i / D) * params.chunk;
  if (first >= params.N) { return; }
  let heads = params.C / D;
  let half = d % (D / 2u);
  let isLow = d < D / 2u;
  var sum = 0.0;
  for (var row = first; row < min(first + params.chunk, params.N); row++) {
    let angles = (row % params.T) * D;
    let c = turn[angles + half];
    let s = turn[angles + D / 2u + half];
    for (var head = 0u; head < heads; head++) {
      let base = row * 3u * params.C + params.part * params.C + head * D;
      let a = dout[base + half];
      let b = dout[base + half + D / 2u];
      let g = select(b * c - a * s, a * c + b * s, isLow);
      sum += g * qkv[base + d] * inverse[row * 3u * heads + params.part * heads + head];
    }
  }
  partial[i] = sum;
}
