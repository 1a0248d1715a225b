// x[g] = u[g] / (Frobenius norm of u[g] + 1e-7); a workgroup per matrix
struct Params { size: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> u: array<f32>; // (G, R, C)
@group(0) @binding(2) var<storage, read_write> x: array<f32>; // (G, R, C)
var<workgroup> sums: array<f32, 64>;
var<workgroup> scale: f32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = group.x * params.size;
  var sum = 0.0;
  for (var i = first + local; i < first + params.size; i += 64u) { sum += u[i] * u[i]; }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += sums[i]; }
    scale = 1.0 / (sqrt(total) + 1e-7);
  }
  workgroupBarrier();
  for (var i = first + local; i < first + params.size; i += 64u) { x[i] = u[i] * scale; }
}
