// p -= rate * (decay * p + scale * x); average follows p
struct Params { G: u32, R: u32, C: u32, weightDecay: f32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (G, R, C)
@group(0) @binding(2) var<storage, read> hyper: Hyper; // (4)
@group(0) @binding(3) var<storage, read> places: array<u32>; // (G, 2): offset of a matrix, 1 where it is stored (C, R)
@group(0) @binding(4) var<storage, read_write> parameter: array<f32>; // (length)
@group(0) @binding(5) var<storage, read_write> average: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let size = params.R * params.C;
  if (i >= params.G * size) { return; }
  let at = place_in_parameters(i, size, params.R, params.C);
  var p = parameter[at];
  p -= hyper.learningRate * (params.weightDecay * p + params.scale * x[i]);
  parameter[at] = p;
  average[at] = p + hyper.averageDecay * (average[at] - p);
}
