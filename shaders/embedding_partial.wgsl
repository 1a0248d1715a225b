// partial[k, c] = sum of dy over the run of equal tokens that starts chunk k of the sorted positions
struct Params { N: u32, C: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // (N, C)
@group(0) @binding(2) var<storage, read> tokens: array<u32>; // (N)
@group(0) @binding(3) var<storage, read> order: array<u32>; // (N): positions, sorted by token
@group(0) @binding(4) var<storage, read> offsets: array<u32>; // (V + 1): where each token starts in order
@group(0) @binding(5) var<storage, read_write> partial: array<f32>; // (ceil(N / chunk), C)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let c = i % params.C;
  let first = (i / params.C) * params.chunk;
  if (first >= params.N) { return; }
  let end = min(first + params.chunk, offsets[tokens[order[first]] + 1u]);
  var sum = 0.0;
  for (var p = first; p < end; p++) { sum += dy[order[p] * params.C + c]; }
  partial[i] = sum;
}
