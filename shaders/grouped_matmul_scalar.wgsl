// out[s] = residual[s] + a[s] op(b[e]) for the rows s of expert e: 4 x 4 results per invocation, any shape, no barrier.
// Rows past the last expert's get the residual, or 0.
struct Params { S: u32, N: u32, K: u32, E: u32 }
const TRANS_B: bool = true; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // (S, K)
@group(0) @binding(2) var<storage, read> b: array<f32>; // (E, N, K) if TRANS_B, else (E, K, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read> residual: array<f32>; // (S, N) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<f32>; // (S, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let N = params.N; let K = params.K; let E = params.E;
  let across = (N + 3u) / 4u;
  let i = linear_index(id, groups, 64u);
  let tile = i / across;
  let column = (i % across) * 4u;
  let e = expert_of_tile(tile, E);
  let row = offsets[e] + 4u * (tile - tile_start(e));
  var end = params.S;
  if (e < E) { end = offsets[e + 1u]; }
  if (row >= end) { return; }
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  if (e < E) {
    let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(end - 1u));
    let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(N - 1u));
    var atA = rows * K;
    var atB = vec4u(e * K * N) + select(columns, columns * K, TRANS_B);
    let stepB = select(N, 1u, TRANS_B);
    for (var k = 0u; k < K; k++) {
      let x = vec4f(b[atB.x], b[atB.y], b[atB.z], b[atB.w]);
      r0 = fma(vec4f(a[atA.x]), x, r0);
      r1 = fma(vec4f(a[atA.y]), x, r1);
      r2 = fma(vec4f(a[atA.z]), x, r2);
      r3 = fma(vec4f(a[atA.w]), x, r3);
      atA += vec4u(1u);
      atB += vec4u(stepB);
    }
  }
  store(row, end, column, r0);
  store(row + 1u, end, column, r1);
  store(row + 2u, end, column, r2);
  store(row + 3u, end, column, r3);
}
