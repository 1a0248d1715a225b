// expertOf[n, j] = expert of token n's j-th highest score (plus its bias if BIASED), ties to the lower expert
struct Params { N: u32, E: u32, J: u32 }
const BIASED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> bias: array<f32>; // (E) if BIASED, else anything
@group(0) @binding(3) var<storage, read_write> expertOf: array<u32>; // (N, J)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = linear_index(id, groups, 64u);
  if (n >= params.N) { return; }
  let base = n * params.E;
  // What is left after a choice is what comes after it in the order; no set of the chosen is kept.
  var last = 0.0;
  var last_expert = NONE;
  for (var j = 0u; j < params.J; j++) {
    var best = 0.0;
    var expert = NONE;
    for (var e = 0u; e < params.E; e++) {
      var score = scores[base + e];
      if (BIASED) { score += bias[e]; }
      let is_left = j == 0u || score < last || (score == last && e > last_expert);
      if (is_left && (expert == NONE || score > best)) {
        best = score;
        expert = e;
      }
    }
    expertOf[n * params.J + j] = expert;
    last = best;
    last_expert = expert;
  }
}
