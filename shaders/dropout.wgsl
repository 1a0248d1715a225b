// out = residual + keep * x / (1 - rate), keep drawn per element from (seed, place, step, index)
struct Params { length: u32, stream: u32, threshold: u32, scale: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> draw: array<u32>; // (2): seed, step
@group(0) @binding(3) var<storage, read> residual: array<f32>; // (length) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  // threshold = rate in units of 2^-24
  let isKept = (pcg4d(vec4u(draw[0], params.stream, draw[1], i)).x >> 8u) >= params.threshold;
  var value = select(0.0, params.scale * x[i], isKept);
  if (ADD) { value += residual[i]; }
  out[i] = value;
}
