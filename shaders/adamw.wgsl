// m, v = moments of g = scale * gradient; p -= rate * (decay * p + m' / (sqrt(v') + epsilon)); average follows p
struct Params { length: u32, beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>; // (length)
@group(0) @binding(2) var<storage, read> clip: array<f32>; // (2): norm, scale
@group(0) @binding(3) var<storage, read> hyper: Hyper; // (4)
@group(0) @binding(4) var<storage, read> roles: array<u32>; // (length / 64): 0 no decay, 1 decay, 2 another optimizer's
@group(0) @binding(5) var<storage, read_write> parameter: array<f32>; // (length)
@group(0) @binding(6) var<storage, read_write> moment1: array<f32>; // (length)
@group(0) @binding(7) var<storage, read_write> moment2: array<f32>; // (length)
@group(0) @binding(8) var<storage, read_write> average: array<f32>; // (length)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.length) { return; }
  let role = roles[i / 64u];
  if (role == 2u) { return; }
  let g = gradient[i] * clip[1];
  let m = params.beta1 * moment1[i] + (1.0 - params.beta1) * g;
  let v = params.beta2 * moment2[i] + (1.0 - params.beta2) * g * g;
  moment1[i] = m;
  moment2[i] = v;
  var p = parameter[i];
  p -= hyper.learningRate * params.weightDecay * f32(role) * p;
  p -= hyper.learningRate * (m * hyper.correction1) / (sqrt(v * hyper.correction2) + params.epsilon);
  parameter[i] = p;
  average[i] = p + hyper.averageDecay * (average[i] - p);
}
