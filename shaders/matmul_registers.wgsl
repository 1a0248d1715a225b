// out[g] = residual[g] + op(a[g]) op(b[g]): 4 x 8 results per invocation in registers, no barrier.
// Loads are vec4, so the contiguous length of a, b and out is a multiple of 4 (and K, unless both are walked by row).
struct Params { M: u32, N: u32, K: u32 }
const TRANS_A: bool = false; // tunable
const TRANS_B: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // (G, M, K), or (G, K, M) if TRANS_A
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // (G, K, N), or (G, N, K) if TRANS_B
@group(0) @binding(3) var<storage, read> residual: array<vec4f>; // (G, M, N) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // (G, M, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let M = params.M; let N = params.N; let K = params.K;
  let across = (N + 7u) / 8u;
  let tile = linear_index(id, groups, 64u);
  let row = (tile / across) * 4u;
  let column = (tile % across) * 8u;
  if (row >= M) { return; }
  let baseA = id.z * M * K;
  let baseB = id.z * K * N;
  // Rows and columns past the edge repeat the last valid one; their results are not stored.
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(M - 1u));
  let right = select(column, column + 4u, column + 4u < N);

  if (TRANS_A && !TRANS_B) {
    let left4 = (baseA + row) / 4u;
    for (var k = 0u; k < K; k++) {
      outer(a[left4 + k * M / 4u], b[(baseB + k * N + column) / 4u], b[(baseB + k * N + right) / 4u]);
    }
  } else {
    multiply_rows((vec4u(baseA) + rows * K) / 4u, baseB, column, right);
  }

  let first = id.z * M + row;
  let end = (id.z + 1u) * M;
  store(first, end, column, r00, r01);
  store(first + 1u, end, column, r10, r11);
  store(first + 2u, end, column, r20, r21);
  store(first + 3u, end, column, r30, r31);
}
