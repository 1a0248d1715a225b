// bias[e] += rate * sign(mean load - load of e); average follows as it follows every parameter
struct Params { E: u32, routes: u32, rate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> asked: array<u32>; // (E + 1); load of e = asked[e + 1] - asked[e], `routes` in all
@group(0) @binding(2) var<storage, read> hyper: Hyper; // (4)
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // (E)
@group(0) @binding(4) var<storage, read_write> average: array<f32>; // (E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let e = id.x;
  if (e >= params.E) { return; }
  // In whole numbers: mean - load, times E.
  let below = i32(params.routes) - i32((asked[e + 1u] - asked[e]) * params.E);
  let change = params.rate * f32(sign(below));
  bias[e] += change;
  average[e] += (1.0 - hyper.averageDecay) * change;
}
