// out[i] = previous[i] + x[i] (1 + eps (2 u - 1)), u uniform on [0, 1) by counter (seed, stream, step, first + i)
struct Params { length: u32, first: u32, stream: u32, eps: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> draw: array<u32>; // (2): seed, step
@group(0) @binding(3) var<storage, read> previous: array<f32>; // (length) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  let bits = pcg4d(vec4u(draw[0], params.stream, draw[1], params.first + i)).x;
  let u = f32(bits >> 8u) / 16777216.0;
  var value = x[i] * (1.0 + params.eps * (2.0 * u - 1.0));
  if (ADD) { value += previous[i]; }
  out[i] = value;
}
