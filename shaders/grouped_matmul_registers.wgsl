// out[s] = residual[s] + a[s] op(b[e]) for the rows s of expert e: 4 x 8 results per invocation, no barrier.
// Loads are vec4, so K and N are multiples of 4. Rows past the last expert's get the residual, or 0.
struct Params { S: u32, N: u32, K: u32, E: u32 }
const TRANS_B: bool = true; // tunable
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // (S, K)
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // (E, N, K) if TRANS_B, else (E, K, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (S, N) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (S, N)

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
    multiply_rows(at, e * N * K, column, right);
  }
  store(row, end, column, r00, r01);
  store(row + 1u, end, column, r10, r11);
  store(row + 2u, end, column, r20, r21);
  store(row + 3u, end, column, r30, r31);
}
