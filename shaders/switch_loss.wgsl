// loss = weight E sum_e f[e] P[e]: f = share of the routes, P = mean of p; coefficient[e] = weight E f[e] / N
struct Params { N: u32, E: u32, chunks: u32, slots: u32, weight: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>; // (chunks, E)
@group(0) @binding(2) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(3) var<storage, read_write> coefficient: array<f32>; // (E)
@group(0) @binding(4) var<storage, read_write> loss: array<f32>; // (1)

@compute @workgroup_size(1)
fn main() {
  var total = 0.0;
  for (var e = 0u; e < params.E; e++) {
    var sum = 0.0;
    for (var chunk = 0u; chunk < params.chunks; chunk++) { sum += partial[chunk * params.E + e]; }
    let share = f32(offsets[e + 1u] - offsets[e]) / f32(params.slots);
    let value = params.weight * f32(params.E) * share / f32(params.N);
    coefficient[e] = value;
    total += value * sum;
  }
  loss[0] = total;
}
