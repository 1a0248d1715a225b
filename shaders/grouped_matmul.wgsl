// y[s] = x[s] op(weight[e]) for the rows s of expert e, offsets[e] <= s < offsets[e + 1]; 0 in rows of no expert
struct Params { S: u32, N: u32, K: u32, E: u32 }
const TRANS_B: bool = true; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (S, K)
@group(0) @binding(2) var<storage, read> weight: array<f32>; // (E, N, K) if TRANS_B, else (E, K, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // (S, N)

fn store(row: u32, end: u32, column: u32, values: vec4f) {
  if (row >= end) { return; }
  for (var j = 0u; j < min(4u, params.N - column); j++) { y[row * params.N + column + j] = values[j]; }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let N = params.N; let K = params.K;
  let across = (N + 3u) / 4u;
  let i = linear_index(id, groups, 64u);
  let column = (i % across) * 4u;
  // The tile's expert: every expert takes as many tiles of four rows as its range needs, the last one in part.
  var tile = i / across;
  var e = 0u;
  var first = offsets[0];
  loop {
    let tiles = (offsets[e + 1u] - first + 3u) / 4u;
    if (tile < tiles) { break; }
    tile -= tiles;
    e++;
    first = offsets[e];
    if (e == params.E) { break; }
  }
  let row = first + 4u * tile;
  if (e == params.E) {
    for (var r = row; r < min(row + 4u, params.S); r++) { store(r, params.S, column, vec4f()); }
    return;
  }
  let end = offsets[e + 1u];
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(end - 1u));
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(N - 1u));
  var atX = rows * K;
  var atW = vec4u(e * K * N) + select(columns, columns * K, TRANS_B);
  let stepW = select(N, 1u, TRANS_B);
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  for (var k = 0u; k < K; k++) {
    let w = vec4f(weight[atW.x], weight[atW.y], weight[atW.z], weight[atW.w]);
    r0 = fma(vec4f(x[atX.x]), w, r0);
    r1 = fma(vec4f(x[atX.y]), w, r1);
    r2 = fma(vec4f(x[atX.z]), w, r2);
    r3 = fma(vec4f(x[atX.w]), w, r3);
    atX += vec4u(1u);
    atW += vec4u(stepW);
  }
  store(row, end, column, r0);
  store(row + 1u, end, column, r1);
  store(row + 2u, end, column, r2);
  store(row + 3u, end, column, r3);
}
