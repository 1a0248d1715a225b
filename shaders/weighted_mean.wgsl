// sampleLoss[b] = weights[b] * sum of nll over the sample / T; loss = T * sum of sampleLoss / number of rows that count
struct Params { B: u32, T: u32 }
const COUNTED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> nll: array<f32>; // (B, T)
@group(0) @binding(2) var<storage, read> weights: array<f32>; // (B)
@group(0) @binding(3) var<storage, read> counted: array<u32>; // (2): the rows with loss are the second, if COUNTED
@group(0) @binding(4) var<storage, read_write> sampleLoss: array<f32>; // (B)
@group(0) @binding(5) var<storage, read_write> loss: array<f32>; // (1)

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
    loss[0] = select(sum / f32(params.B), sum * f32(params.T) / f32(max(counted[1], 1u)), COUNTED);
  }
}
