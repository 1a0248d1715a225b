// out[g] = residual[g] + op(a[g]) op(b[g]): a 64 x 64 tile per workgroup through workgroup memory, any shape.
struct Params { M: u32, N: u32, K: u32 }
const TRANS_A: bool = false; // tunable
const TRANS_B: bool = false; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>; // (G, M, K), or (G, K, M) if TRANS_A
@group(0) @binding(2) var<storage, read> b: array<f32>; // (G, K, N), or (G, N, K) if TRANS_B
@group(0) @binding(3) var<storage, read> residual: array<f32>; // (G, M, N) if ADD, else anything
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // (G, M, N)

// Depth-major, so that an invocation reads 4 rows (or columns) as one vec4.
var<workgroup> tileA: array<array<vec4f, 16>, 16>; // [k][row / 4]
var<workgroup> tileB: array<array<vec4f, 16>, 16>; // [k][column / 4]

fn elementA(base: u32, row: u32, k: u32) -> f32 {
  if (row >= params.M || k >= params.K) { return 0.0; }
  return a[base + select(row * params.K + k, k * params.M + row, TRANS_A)];
}

fn elementB(base: u32, k: u32, column: u32) -> f32 {
  if (column >= params.N || k >= params.K) { return 0.0; }
  return b[base + select(k * params.N + column, column * params.K + k, TRANS_B)];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let baseA = group.z * params.M * params.K;
  let baseB = group.z * params.K * params.N;
  let row = group.y * 64u;
  let column = group.x * 64u;
  let x = local % 16u;
  let y = local / 16u;
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  for (var k0 = 0u; k0 < params.K; k0 += 16u) {
    // Invocation (y, x) loads four neighbours; which axis is walked by x depends on what is contiguous.
    let ka = k0 + select(x, y, TRANS_A);
    let ra = 4u * select(y, x, TRANS_A);
    tileA[ka - k0][ra / 4u] = vec4f(
      elementA(baseA, row + ra, ka), elementA(baseA, row + ra + 1u, ka),
      elementA(baseA, row + ra + 2u, ka), elementA(baseA, row + ra + 3u, ka));
    let kb = k0 + select(y, x, TRANS_B);
    let cb = 4u * select(x, y, TRANS_B);
    tileB[kb - k0][cb / 4u] = vec4f(
      elementB(baseB, kb, column + cb), elementB(baseB, kb, column + cb + 1u),
      elementB(baseB, kb, column + cb + 2u), elementB(baseB, kb, column + cb + 3u));
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let rows = tileA[k][y];
      let columns = tileB[k][x];
      r0 = fma(vec4f(rows.x), columns, r0);
      r1 = fma(vec4f(rows.y), columns, r1);
      r2 = fma(vec4f(rows.z), columns, r2);
      r3 = fma(vec4f(rows.w), columns, r3);
    }
    workgroupBarrier();
  }
  let first = group.z * params.M + row + 4u * y;
  let end = (group.z + 1u) * params.M;
  store(first, end, column + 4u * x, r0);
  store(first + 1u, end, column + 4u * x, r1);
  store(first + 2u, end, column + 4u * x, r2);
  store(first + 3u, end, column + 4u * x, r3);
}
