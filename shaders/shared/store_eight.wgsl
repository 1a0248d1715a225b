// Stores eight results of a row of out (rows, N) from `column` on, as vec4s: N is a multiple of 4. None of a row at `end` or
// past it, none past column N. Needs params.N, ADD, residual and out.
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
