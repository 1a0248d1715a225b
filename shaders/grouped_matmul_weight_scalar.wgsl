// out[e] = residual[e] + sum over the rows s of expert e of dy[s]^T x[s]: 4 x 4 results per invocation, any shape, no barrier
struct Params { M: u32, N: u32, E: u32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>; // (S, M)
@group(0) @binding(2) var<storage, read> x: array<f32>; // (S, N)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1)
@group(0) @binding(4) var<storage, read> residual: array<f32>; // (E, M, N) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> out: array<f32>; // (E, M, N)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let M = params.M; let N = params.N;
  let across = (N + 3u) / 4u;
  let row = (id.x / across) * 4u;
  let column = (id.x % across) * 4u;
  let e = id.z;
  if (row >= M) { return; }
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(M - 1u));
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(N - 1u));
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  let end = offsets[e + 1u];
  for (var s = offsets[e]; s < end; s++) {
    let at = vec4u(s * N) + columns;
    let up = vec4u(s * M) + rows;
    let v = vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
    r0 = fma(vec4f(dy[up.x]), v, r0);
    r1 = fma(vec4f(dy[up.y]), v, r1);
    r2 = fma(vec4f(dy[up.z]), v, r2);
    r3 = fma(vec4f(dy[up.w]), v, r3);
  }
  let first = e * M + row;
  let endRow = (e + 1u) * M;
  store(first, endRow, column, r0);
  store(first + 1u, endRow, column, r1);
  store(first + 2u, endRow, column, r2);
  store(first + 3u, endRow, column, r3);
}
