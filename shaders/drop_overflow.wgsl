// slotOf[n, j] = start of the expert + rank of the route among the expert's, if rank < capacity; NONE for the others.
// Rank: routes of the expert that score higher if BY_SCORE, ties to the earlier route; else the earlier routes.
struct Params { M: u32, E: u32, J: u32, S: u32, capacity: u32 }
const BY_SCORE: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E)
@group(0) @binding(2) var<storage, read> expertOf: array<u32>; // (N, J), M in all
@group(0) @binding(3) var<storage, read> order: array<u32>; // (M): routes by expert, in their order within an expert
@group(0) @binding(4) var<storage, read> asked: array<u32>; // (E + 1): where an expert's routes begin in `order`
@group(0) @binding(5) var<storage, read_write> slotOf: array<u32>; // (N, J)
@group(0) @binding(6) var<storage, read_write> pairOf: array<u32>; // (S)
@group(0) @binding(7) var<storage, read_write> offsets: array<u32>; // (E + 1): where an expert's slots begin

const NONE = 0xffffffffu;

// First slot of expert e: what the experts before it hold.
fn start(e: u32) -> u32 {
  var sum = 0u;
  for (var i = 0u; i < e; i++) { sum += min(asked[i + 1u] - asked[i], params.capacity); }
  return sum;
}

fn score_of(pair: u32, e: u32) -> f32 { return scores[pair / params.J * params.E + e]; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i <= params.E) { offsets[i] = start(i); }
  if (i >= params.M) { return; }
  if (i < params.S && i >= start(params.E)) { pairOf[i] = NONE; }
  let pair = order[i];
  let e = expertOf[pair];
  let first = asked[e];
  var rank = i - first;
  if (BY_SCORE) {
    let score = score_of(pair, e);
    rank = 0u;
    // Once the rank is past the capacity, nothing more is to be learnt.
    for (var k = first; k < i && rank < params.capacity; k++) { rank += u32(score_of(order[k], e) >= score); }
    let end = asked[e + 1u];
    for (var k = i + 1u; k < end && rank < params.capacity; k++) { rank += u32(score_of(order[k], e) > score); }
  }
  var slot = NONE;
  if (rank < params.capacity) {
    slot = start(e) + rank;
    pairOf[slot] = pair;
  }
  slotOf[pair] = slot;
}
