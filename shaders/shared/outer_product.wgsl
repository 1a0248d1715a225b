// 4 x 8 sums in registers, and what rows of `a` times a matrix at `base` of `b` add to them, four k at a time.
// Needs a and b of vec4s, params.N and params.K, TRANS_B.
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

// rows: where 4 rows of a begin, in vec4s; left, right: first of each 4 columns of b
fn multiply_rows(rows: vec4u, base: u32, left: u32, right: u32) {
  let N = params.N; let K = params.K;
  for (var k = 0u; k < K; k += 4u) {
    let at = rows + k / 4u;
    let t = transpose(mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]));
    if (TRANS_B) {
      let bl = (base + left * K + k) / 4u; let br = (base + right * K + k) / 4u; let s = K / 4u;
      let l = transpose(mat4x4f(b[bl], b[bl + s], b[bl + 2u * s], b[bl + 3u * s]));
      let r = transpose(mat4x4f(b[br], b[br + s], b[br + 2u * s], b[br + 3u * s]));
      outer(t[0], l[0], r[0]); outer(t[1], l[1], r[1]); outer(t[2], l[2], r[2]); outer(t[3], l[3], r[3]);
    } else {
      let bl = (base + k * N + left) / 4u; let br = (base + k * N + right) / 4u; let s = N / 4u;
      outer(t[0], b[bl], b[br]); outer(t[1], b[bl + s], b[br + s]);
      outer(t[2], b[bl + 2u * s], b[br + 2u * s]); outer(t[3], b[bl + 3u * s], b[br + 3u * s]);
    }
  }
}
