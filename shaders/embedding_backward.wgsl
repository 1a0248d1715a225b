// dtable[v, c] = previous + sum of dy over the positions of token v: those before its first chunk, then whole runs
struct Params { V: u32, C: u32, chunk: u32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // (N, C)
@group(0) @binding(2) var<storage, read> order: array<u32>; // (N): positions, sorted by token
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (V + 1): where each token starts in order
@group(0) @binding(4) var<storage, read> partial: array<f32>; // (ceil(N / chunk), C)
@group(0) @binding(5) var<storage, read> previous: array<f32>; // (V, C) if ADD, else anything
@group(0) @binding(6) var<storage, read_write> dtable: array<f32>; // (V, C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.V * params.C) { return; }
  let v = i / params.C;
  let c = i % params.C;
  let start = offsets[v];
  let end = offsets[v + 1u];
  // Chunks that begin inside this token's run have their part of it summed already.
  let firstChunk = (start + params.chunk - 1u) / params.chunk;
  let endChunk = (end + params.chunk - 1u) / params.chunk;
  var sum = 0.0;
  for (var p = start; p < min(end, firstChunk * params.chunk); p++) { sum += dy[order[p] * params.C + c]; }
  for (var k = firstChunk; k < endChunk; k++) { sum += partial[k * params.C + c]; }
  if (ADD) { sum += previous[i]; }
  dtable[i] = sum;
}
