// Expert e takes the `capacity` best tokens of each group: rank = tokens of the group that score higher, ties to the lower.
struct Params { N: u32, E: u32, size: u32, capacity: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E); `size` consecutive tokens are a group
@group(0) @binding(2) var<storage, read_write> slotOf: array<u32>; // (N, E)
@group(0) @binding(3) var<storage, read_write> expertOf: array<u32>; // (N, E)
@group(0) @binding(4) var<storage, read_write> pairOf: array<u32>; // (E * N / size * capacity)
@group(0) @binding(5) var<storage, read_write> offsets: array<u32>; // (E + 1)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let E = params.E;
  let rows = params.N / params.size * params.capacity;
  if (i <= E) { offsets[i] = i * rows; }
  if (i >= params.N * E) { return; }
  let n = i / E;
  let e = i % E;
  let g = n / params.size;
  let first = g * params.size * E + e;
  let end = first + params.size * E;
  let score = scores[i];
  var rank = 0u;
  // Once the rank is past the capacity, nothing more is to be learnt.
  for (var at = first; at < i && rank < params.capacity; at += E) { rank += u32(scores[at] >= score); }
  for (var at = i + E; at < end && rank < params.capacity; at += E) { rank += u32(scores[at] > score); }
  var slot = NONE;
  var expert = NONE;
  if (rank < params.capacity) {
    slot = e * rows + g * params.capacity + rank;
    expert = e;
    pairOf[slot] = i;
  }
  slotOf[i] = slot;
  expertOf[i] = expert;
}
