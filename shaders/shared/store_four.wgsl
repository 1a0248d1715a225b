// Stores four results of a row of out (rows, N) from `column` on: none of a row at `end` or past it, none past column N.
// Needs params.N, ADD, residual and out.
fn store(row: u32, end: u32, column: u32, values: vec4f) {
  if (row >= end) { return; }
  for (var j = 0u; j < 4u && column + j < params.N; j++) {
    let at = row * params.N + column + j;
    var value = values[j];
    if (ADD) { value += residual[at]; }
    out[at] = value;
  }
}
