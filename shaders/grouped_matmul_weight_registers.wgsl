// out[e] = residual[e] + sum over the rows s of expert e of dy[s]^T x[s]: 4 x 8 results per invocation, no barrier.
// Loads are vec4, so M and N are multiples of 4.
struct Params { M: u32, N: u32, E: u32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>; // (S, M)
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // (S, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (E, M, N) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (E, M, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let M = params.M; let N = params.N;
  let across = (N + 7u) / 8u;
  let row = (id.x / across) * 4u;
  let column = (id.x % across) * 8u;
  let e = id.z;
  if (row >= M) { return; }
  let toRight = select(0u, 1u, column + 4u < N);
  var l0 = vec4f(); var l1 = vec4f(); var l2 = vec4f(); var l3 = vec4f();
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  let end = offsets[e + 1u];
  for (var s = offsets[e]; s < end; s++) {
    let up = dy[(s * M + row) / 4u];
    let at = (s * N + column) / 4u;
    let left = x[at];
    let right = x[at + toRight];
    l0 = fma(vec4f(up.x), left, l0); r0 = fma(vec4f(up.x), right, r0);
    l1 = fma(vec4f(up.y), left, l1); r1 = fma(vec4f(up.y), right, r1);
    l2 = fma(vec4f(up.z), left, l2); r2 = fma(vec4f(up.z), right, r2);
    l3 = fma(vec4f(up.w), left, l3); r3 = fma(vec4f(up.w), right, r3);
  }
  let first = e * M + row;
  let endRow = (e + 1u) * M;
  store(first, endRow, column, l0, r0);
  store(first + 1u, endRow, column, l1, r1);
  store(first + 2u, endRow, column, l2, r2);
  store(first + 3u, endRow, column, l3, r3);
}
