// order = indices of the keys, stably sorted; slotOf = its inverse; offsets = start of each key's group.
// Counting sort by one workgroup: count keys per chunk, prefix over chunks, scan over buckets, fill.
struct Params { M: u32, buckets: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>; // (M), values of `buckets` or more are left out
@group(0) @binding(2) var<storage, read_write> counts: array<u32>; // (ceil(M / chunk), buckets)
@group(0) @binding(3) var<storage, read_write> order: array<u32>; // (M)
@group(0) @binding(4) var<storage, read_write> slotOf: array<u32>; // (M)
@group(0) @binding(5) var<storage, read_write> offsets: array<u32>; // (buckets + 1)

const NONE = 0xffffffffu;
const INVOCATIONS = 256u;
var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) t: u32) {
  let M = params.M; let buckets = params.buckets;
  let chunks = (M + params.chunk - 1u) / params.chunk;
  let first = min(t * params.chunk, M);
  let last = min(first + params.chunk, M);

  for (var i = t; i < chunks * buckets; i += INVOCATIONS) { counts[i] = 0u; }
  storageBarrier();

  for (var i = first; i < last; i++) {
    if (keys[i] < buckets) { counts[t * buckets + keys[i]] += 1u; }
  }
  storageBarrier();

  // Within a bucket, a chunk's keys come after those of the chunks before it.
  for (var b = t; b < buckets; b += INVOCATIONS) {
    var before = 0u;
    for (var c = 0u; c < chunks; c++) {
      let count = counts[c * buckets + b];
      counts[c * buckets + b] = before;
      before += count;
    }
    offsets[b + 1u] = before;
  }
  if (t == 0u) { offsets[0] = 0u; }
  storageBarrier();

  // Each invocation scans a run of buckets, from the sum of all runs before its own.
  let run = (buckets + INVOCATIONS - 1u) / INVOCATIONS;
  let from_bucket = min(t * run, buckets);
  let to_bucket = min(from_bucket + run, buckets);
  var sum = 0u;
  for (var b = from_bucket; b < to_bucket; b++) { sum += offsets[b + 1u]; }
  sums[t] = sum;
  workgroupBarrier();
  var end = 0u;
  if (from_bucket < to_bucket) {
    for (var i = 0u; i < t; i++) { end += sums[i]; }
  }
  for (var b = from_bucket; b < to_bucket; b++) {
    end += offsets[b + 1u];
    offsets[b + 1u] = end;
  }
  storageBarrier();

  for (var i = first; i < last; i++) {
    let key = keys[i];
    if (key >= buckets) {
      slotOf[i] = NONE;
      continue;
    }
    let at = t * buckets + key;
    let slot = offsets[key] + counts[at];
    counts[at] += 1u;
    slotOf[i] = slot;
    order[slot] = i;
  }
  for (var i = max(first, offsets[buckets]); i < last; i++) { order[i] = NONE; }
}
