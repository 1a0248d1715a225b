// y = x * weight * inverse, inverse = 1 / sqrt(mean(x^2) + epsilon), per row
struct Params { rows: u32, C: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<f32>; // (C)
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // (rows, C)
@group(0) @binding(4) var<storage, read_write> inverse: array<f32>; // (rows)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = linear_index(id, groups, 64u);
  if (row >= params.rows) { return; }
  let base = row * params.C;
  var sum = 0.0;
  for (var c = 0u; c < params.C; c++) { sum += x[base + c] * x[base + c]; }
  let scale = inverseSqrt(sum / f32(params.C) + params.epsilon);
  inverse[row] = scale;
  for (var c = 0u; c < params.C; c++) { y[base + c] = x[base + c] * scale * weight[c]; }
}
