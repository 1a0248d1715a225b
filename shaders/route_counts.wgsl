// counts[g, e] = routes to expert e of the tokens of group g
struct Params { N: u32, E: u32, J: u32, size: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> expertOf: array<u32>; // (N, J); `size` consecutive tokens are a group
@group(0) @binding(2) var<storage, read_write> counts: array<u32>; // (N / size, E)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  let E = params.E;
  if (i >= params.N / params.size * E) { return; }
  let routes = params.size * params.J;
  let first = i / E * routes;
  var count = 0u;
  for (var route = first; route < first + routes; route++) { count += u32(expertOf[route] == i % E); }
  counts[i] = count;
}
