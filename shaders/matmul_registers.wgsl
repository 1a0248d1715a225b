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

var<private> r00: vec4f; var<private> r01: vec4f;
var<private> r10: vec4f; var<private> r11: vec4f;
var<private> r20: vec4f; var<private> r21: vec4f;
var<private> r30: vec4f; var<private> r31: vec4f;

// One k: a column of 4 rows of a times a row of 8 columns of b.
fn outer(column: vec4f, left: vec4f, right: vec4f) {
  r00 = fma(vec4f(column.x), left, r00); r01 = fma(vec4f(column.x), right, r01);
  r10 = fma(vec4f(column.y), left, r10); r11 = fma(vec4f(column.y), right, r11);
  r20 = fma(vec4f(column.z), left, r20); r21 = fma(vec4f(column.z), right, r21);
  r30 = fma(vec4f(column.w), left, r30); r31 = fma(vec4f(column.w), right, r31);
}

fn store(row: u32, column: u32, base: u32, left: vec4f, right: vec4f) {
  if (row >= params.M) { return; }
  let at = (base + row * params.N + column) / 4u;
  let hasRight = column + 4u < params.N;
  if (ADD) {
    out[at] = left + residual[at];
    if (hasRight) { out[at + 1u] = right + residual[at + 1u]; }
  } else {
    out[at] = left;
    if (hasRight) { out[at + 1u] = right; }
  }
}

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
    let left4 = (baseA + min(row, M - 4u)) / 4u;
    for (var k = 0u; k < K; k++) {
      outer(a[left4 + k * M / 4u], b[(baseB + k * N + column) / 4u], b[(baseB + k * N + right) / 4u]);
    }
  } else {
    let at = (vec4u(baseA) + rows * K) / 4u;
    for (var k = 0u; k < K; k += 4u) {
      let a0 = a[at.x + k / 4u]; let a1 = a[at.y + k / 4u]; let a2 = a[at.z + k / 4u]; let a3 = a[at.w + k / 4u];
      let t = transpose(mat4x4f(a0, a1, a2, a3));
      if (TRANS_B) {
        let bl = (baseB + column * K + k) / 4u; let br = (baseB + right * K + k) / 4u; let s = K / 4u;
        let l = transpose(mat4x4f(b[bl], b[bl + s], b[bl + 2u * s], b[bl + 3u * s]));
        let r = transpose(mat4x4f(b[br], b[br + s], b[br + 2u * s], b[br + 3u * s]));
        outer(t[0], l[0], r[0]); outer(t[1], l[1], r[1]); outer(t[2], l[2], r[2]); outer(t[3], l[3], r[3]);
      } else {
        let bl = (baseB + k * N + column) / 4u; let br = (baseB + k * N + right) / 4u; let s = N / 4u;
        outer(t[0], b[bl], b[br]); outer(t[1], b[bl + s], b[br + s]);
        outer(t[2], b[bl + 2u * s], b[br + 2u * s]); outer(t[3], b[bl + 3u * s], b[br + 3u * s]);
      }
    }
  }

  let base = id.z * M * N;
  store(row, column, base, r00, r01);
  store(row + 1u, column, base, r10, r11);
  store(row + 2u, column, base, r20, r21);
  store(row + 3u, column, base, r30, r31);
}
