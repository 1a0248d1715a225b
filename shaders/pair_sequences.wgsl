// pairs[2 b T + t] = xt[b, t], pairs[(2 b + 1) T + t] = x0[b, t]
struct Params { N: u32, T: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> xt: array<u32>; // (B, T)
@group(0) @binding(2) var<storage, read> x0: array<u32>; // (B, T)
@group(0) @binding(3) var<storage, read_write> pairs: array<u32>; // (2 B, T); N = 2 B T

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let sequence = n / params.T;
  let at = (sequence / 2u) * params.T + n % params.T;
  if (sequence % 2u == 0u) { pairs[n] = xt[at]; } else { pairs[n] = x0[at]; }
}
