// partial[chunk, c] = sum over the chunk's rows of x * inverse * dy: the first half of the gradient of the weight
struct Params { rows: u32, C: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, C)
@group(0) @binding(2) var<storage, read> inverse: array<f32>; // (rows)
@group(0) @binding(3) var<storage, read> dy: array<f32>; // (rows, C)
@group(0) @binding(4) var<storage, read_write> partial: array<f32>; // (ceil(rows / chunk), C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let c = i % params.C;
  let first = (i / params.C) * params.chunk;
  if (first >= params.rows) { return; }
  var sum = 0.0;
  for (var row = first; row < min(first + params.chunk, params.rows); row++) {
    sum += x[row * params.C + c] * inverse[row] * dy[row * params.C + c];
  }
  partial[i] = sum;
}
