// xt[b, t] = x0[b, t - 1], or the mask where t = 0 and, independently with probability level / 2^24, elsewhere
struct Params { N: u32, T: u32, maskId: u32, stream: u32, level: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<u32>; // (B, T)
@group(0) @binding(2) var<storage, read> draw: array<u32>; // (2): seed, step
@group(0) @binding(3) var<storage, read_write> xt: array<u32>; // (B, T)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let isHidden = (pcg4d(vec4u(draw[0], params.stream, draw[1], n)).x >> 8u) < params.level;
  xt[n] = params.maskId;
  if (n % params.T > 0u && !isHidden) { xt[n] = x0[n - 1u]; }
}
