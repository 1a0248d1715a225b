// dx = previous + inverse * (dy * weight - x * inverse^2 * mean(x * dy * weight)), per row
struct Params { rows: u32, C: u32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, C)
@group(0) @binding(2) var<storage, read> weight: array<f32>; // (C)
@group(0) @binding(3) var<storage, read> inverse: array<f32>; // (rows)
@group(0) @binding(4) var<storage, read> dy: array<f32>; // (rows, C)
@group(0) @binding(5) var<storage, read> previous: array<f32>; // (rows, C) if ADD, else anything
@group(0) @binding(6) var<storage, read_write> dx: array<f32>; // (rows, C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = linear_index(id, groups, 64u);
  if (row >= params.rows) { return; }
  let base = row * params.C;
  let scale = inverse[row];
  var sum = 0.0;
  for (var c = 0u; c < params.C; c++) { sum += x[base + c] * dy[base + c] * weight[c]; }
  let along = sum * scale * scale / f32(params.C);
  for (var c = 0u; c < params.C; c++) {
    var value = scale * (dy[base + c] * weight[c] - x[base + c] * along);
    if (ADD) { value += previous[base + c]; }
    dx[base + c] = value;
  }
}
