// norm = sqrt(sum of partial); scale = min(1, clipNorm / (norm + 1e-6))
struct Params { length: u32, clipNorm: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>; // (length)
@group(0) @binding(2) var<storage, read_write> result: array<f32>; // (2): norm, scale
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < params.length; i += 64u) { sum += partial[i]; }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += sums[i]; }
    let norm = sqrt(total);
    result[0] = norm;
    result[1] = min(1.0, params.clipNorm / (norm + 1e-6));
  }
}
