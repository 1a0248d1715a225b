// partial[i] = sum of x[i]^2, x[i + stride]^2, ...: neighbours in x go to neighbouring invocations
struct Params { length: u32, stride: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (length)
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // (stride)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.stride) { return; }
  var sum = 0.0;
  for (var i = id.x; i < params.length; i += params.stride) { sum += x[i] * x[i]; }
  partial[id.x] = sum;
}
