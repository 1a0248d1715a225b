// out[s] = residual[s] + x[s] op(weight[e]) for the rows s of expert e: 4 x 8 results per invocation, no barrier.
// Loads are vec4, so K and N are multiples of 4. Rows past the last expert's get the residual, or 0.
struct Params { S: u32, N: u32, K: u32, E: u32 }
const TRANS_B: bool = true; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (S, K)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // (E, N, K) if TRANS_B, else (E, K, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (S, N) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (S, N)

var<private> r00: vec4f; var<private> r01: vec4f;
var<private> r10: vec4f; var<private> r11: vec4f;
var<private> r20: vec4f; var<private> r21: vec4f;
var<private> r30: vec4f; var<private> r31: vec4f;

// One k: a column of 4 rows of x times a row of 8 columns of the weight.
fn outer(column: vec4f, left: vec4f, right: vec4f) {
  r00 = fma(vec4f(column.x), left, r00); r01 = fma(vec4f(column.x), right, r01);
  r10 = fma(vec4f(column.y), left, r10); r11 = fma(vec4f(column.y), right, r11);
  r20 = fma(vec4f(column.z), left, r20); r21 = fma(vec4f(column.z), right, r21);
  r30 = fma(vec4f(column.w), left, r30); r31 = fma(vec4f(column.w), right, r31);
}

fn store(row: u32, end: u32, column: u32, left: vec4f, right: vec4f) {
  if (row >= end) { return; }
  let at = (row * params.N + column) / 4u;
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
  let N = params.N; let K = params.K; let E = params.E;
  let across = (N + 7u) / 8u;
  let i = linear_index(id, groups, 64u);
  let tile = i / across;
  let column = (i % across) * 8u;
  let e = expert_of_tile(tile, E);
  let row = offsets[e] + 4u * (tile - tile_start(e));
  var end = params.S;
  if (e < E) { end = offsets[e + 1u]; }
  if (row >= end) { return; }
  if (e < E) {
    // Rows and columns past the edge repeat a valid one; their results are not stored.
    let at = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(end - 1u)) * (K / 4u);
    let right = select(column, column + 4u, column + 4u < N);
    let base = e * N * K;
    for (var k = 0u; k < K; k += 4u) {
      let step = k / 4u;
      let t = transpose(mat4x4f(x[at.x + step], x[at.y + step], x[at.z + step], x[at.w + step]));
      if (TRANS_B) {
        let wl = (base + column * K + k) / 4u; let wr = (base + right * K + k) / 4u; let s = K / 4u;
        let l = transpose(mat4x4f(weight[wl], weight[wl + s], weight[wl + 2u * s], weight[wl + 3u * s]));
        let r = transpose(mat4x4f(weight[wr], weight[wr + s], weight[wr + 2u * s], weight[wr + 3u * s]));
        outer(t[0], l[0], r[0]); outer(t[1], l[1], r[1]); outer(t[2], l[2], r[2]); outer(t[3], l[3], r[3]);
      } else {
        let wl = (base + k * N + column) / 4u; let wr = (base + k * N + right) / 4u; let s = N / 4u;
        outer(t[0], weight[wl], weight[wr]); outer(t[1], weight[wl + s], weight[wr + s]);
        outer(t[2], weight[wl + 2u * s], weight[wr + 2u * s]); outer(t[3], weight[wl + 3u * s], weight[wr + 3u * s]);
      }
    }
  }
  store(row, end, column, r00, r01);
  store(row + 1u, end, column, r10, r11);
  store(row + 2u, end, column, r20, r21);
  store(row + 3u, end, column, r30, r31);
}
