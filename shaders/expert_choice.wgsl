// Expert e takes the best tokens of each group, as many as its capacity: rank = tokens of the group that score higher, ties
// to the lower. The capacity is one number, or (PER_GROUP) the group's own; slots past the last expert's are unused.
struct Params { N: u32, E: u32, size: u32, capacity: u32, slots: u32 }
const PER_GROUP: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>; // (N, E); `size` consecutive tokens are a group
@group(0) @binding(2) var<storage, read_write> slotOf: array<u32>; // (N, E)
@group(0) @binding(3) var<storage, read_write> expertOf: array<u32>; // (N, E)
@group(0) @binding(4) var<storage, read_write> pairOf: array<u32>; // (slots)
@group(0) @binding(5) var<storage, read_write> offsets: array<u32>; // (E + 1)
@group(0) @binding(6) var<storage, read> starts: array<u32>; // (N / size + 1) if PER_GROUP, else anything

const NONE = 0xffffffffu;

// First of an expert's rows that are for group g.
fn start_of(g: u32) -> u32 {
  if (PER_GROUP) { return starts[g]; }
  return g * params.capacity;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let E = params.E;
  let rows = start_of(params.N / params.size);
  if (i <= E) { offsets[i] = i * rows; }
  if (i >= E * rows && i < params.slots) { pairOf[i] = NONE; }
  if (i >= params.N * E) { return; }
  let n = i / E;
  let e = i % E;
  let g = n / params.size;
  let start = start_of(g);
  let capacity = start_of(g + 1u) - start;
  let first = g * params.size * E + e;
  let end = first + params.size * E;
  let score = scores[i];
  var rank = 0u;
  // Once the rank is past the capacity, nothing more is to be learnt.
  for (var at = first; at < i && rank < capacity; at += E) { rank += u32(scores[at] >= score); }
  for (var at = i + E; at < end && rank < capacity; at += E) { rank += u32(scores[at] > score); }
  var slot = NONE;
  var expert = NONE;
  if (rank < capacity) {
    slot = e * rows + start + rank;
    expert = e;
    pairOf[slot] = i;
  }
  slotOf[i] = slot;
  expertOf[i] = expert;
}
