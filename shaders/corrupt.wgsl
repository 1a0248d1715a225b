// xt[n] = mask if chosen, else x0[n]; chosen independently with probability level / 2^24, or as exactly `level` of those
// that may be: all T, or from answerStart on
struct Params { N: u32, T: u32, maskId: u32, stream: u32 }
const EXACT: bool = true; // tunable
const PARTIAL: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<u32>; // (B, T)
@group(0) @binding(2) var<storage, read> level: array<u32>; // (B): masks to place if EXACT, else probability in 2^-24
@group(0) @binding(3) var<storage, read> answerStart: array<u32>; // (B): first position that may be masked, if PARTIAL
@group(0) @binding(4) var<storage, read> draw: array<u32>; // (2): seed, step
@group(0) @binding(5) var<storage, read_write> xt: array<u32>; // (B, T)
@group(0) @binding(6) var<storage, read_write> maskKey: array<u32>; // (B, T): 0 where masked, 1 elsewhere

fn bits(n: u32) -> u32 {
  return pcg4d(vec4u(draw[0], params.stream, draw[1], n)).x;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let sample = n / params.T;
  let start = sample * params.T + select(0u, answerStart[sample], PARTIAL);
  let own = bits(n);
  var isMasked = n >= start && (own >> 8u) < level[sample];
  if (EXACT) {
    // The rank of a position among the random bits of its sequence; ties go to the lower position.
    var rank = 0u;
    for (var other = start; other < (sample + 1u) * params.T; other++) {
      let theirs = bits(other);
      if (theirs < own || (theirs == own && other < n)) { rank++; }
    }
    isMasked = n >= start && rank < level[sample];
  }
  xt[n] = select(x0[n], params.maskId, isMasked);
  maskKey[n] = select(1u, 0u, isMasked);
}
