// sampleLoss[b] = weights[b] * sum of nll over the sample / T; loss = mean over the samples
struct Params { B: u32, T: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> nll: array<f32>; // (B, T)
@group(0) @binding(2) var<storage, read> weights: array<f32>; // (B)
@group(0) @binding(3) var<storage, read_write> sampleLoss: array<f32>; // (B)
@group(0) @binding(4) var<storage, read_write> loss: array<f32>; // (1)

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  for (var b = local; b < params.B; b += 64u) {
    var sum = 0.0;
    for (var t = 0u; t < params.T; t++) { sum += nll[b * params.T + t]; }
    sampleLoss[b] = weights[b] * sum / f32(params.T);
  }
  storageBarrier();
  if (local == 0u) {
    var sum = 0.0;
    for (var b = 0u; b < params.B; b++) { sum += sampleLoss[b]; }
    loss[0] = sum / f32(params.B);
  }
}
