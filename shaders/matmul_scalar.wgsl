// out[g] = residual[g] + op(a[g]) op(b[g]): 4 x 4 results per invocation in registers, any shape, no barrier.
struct Params { M: u32, N: u32, K: u32 }
const TRANS_A: bool = false; // tunable
const TRANS_B: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // (G, M, K), or (G, K, M) if TRANS_A
@group(0) @binding(2) var<storage, read> b: array<f32>; // (G, K, N), or (G, N, K) if TRANS_B
@group(0) @binding(3) var<storage, read> residual: array<f32>; // (G, M, N) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // (G, M, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let M = params.M; let N = params.N; let K = params.K;
  let across = (N + 3u) / 4u;
  let tile = linear_index(id, groups, 64u);
  let row = (tile / across) * 4u;
  let column = (tile % across) * 4u;
  if (row >= M) { return; }
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(M - 1u));
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(N - 1u));
  var atA = vec4u(id.z * M * K) + select(rows * K, rows, TRANS_A);
  var atB = vec4u(id.z * K * N) + select(columns, columns * K, TRANS_B);
  let stepA = select(1u, M, TRANS_A);
  let stepB = select(N, 1u, TRANS_B);
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  for (var k = 0u; k < K; k++) {
    let x = vec4f(b[atB.x], b[atB.y], b[atB.z], b[atB.w]);
    r0 = fma(vec4f(a[atA.x]), x, r0);
    r1 = fma(vec4f(a[atA.y]), x, r1);
    r2 = fma(vec4f(a[atA.z]), x, r2);
    r3 = fma(vec4f(a[atA.w]), x, r3);
    atA += vec4u(stepA);
    atB += vec4u(stepB);
  }
  let first = id.z * M + row;
  let end = (id.z + 1u) * M;
  store(first, end, column, r0);
  store(first + 1u, end, column, r1);
  store(first + 2u, end, column, r2);
  store(first + 3u, end, column, r3);
}
