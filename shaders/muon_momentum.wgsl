// m = beta m + (1 - beta) g; u = beta m + (1 - beta) g with g = scale * gradient (Nesterov); u lies with its short side first
struct Params { G: u32, R: u32, C: u32, beta: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> clip: array<f32>; // (2): norm, scale
@group(0) @binding(3) var<storage, read> places: array<u32>; // (G, 2): offset of a matrix, 1 where it is stored (C, R)
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>; // (length)
@group(0) @binding(5) var<storage, read_write> u: array<f32>; // (G, R, C), R <= C

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let size = params.R * params.C;
  if (i >= params.G * size) { return; }
  let at = place_in_parameters(i, size, params.R, params.C);
  let g = gradient[at] * clip[1];
  let m = params.beta * moment1[at] + (1.0 - params.beta) * g;
  moment1[at] = m;
  u[i] = params.beta * m + (1.0 - params.beta) * g;
}
