// out = a I + b gram + c gram^2, given both products
struct Params { G: u32, R: u32, a: f32, b: f32, c: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gram: array<f32>; // (G, R, R)
@group(0) @binding(2) var<storage, read> square: array<f32>; // (G, R, R)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (G, R, R)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let size = params.R * params.R;
  if (i >= params.G * size) { return; }
  let within = i % size;
  let identity = select(0.0, params.a, within / params.R == within % params.R);
  out[i] = identity + params.b * gram[i] + params.c * square[i];
}
