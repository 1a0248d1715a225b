// Up to four consecutive rows of one sequence, and a head: what one invocation of a blocked attention kernel does.
struct FourRows {
  row: u32, // the first of them
  rows: vec4u, // all four; past the end of the sequence its last
  count: u32, // how many there are: fewer than 4 at the end of a sequence
  first: u32, // row where their sequence begins
  head: u32,
}

// Neighbouring invocations share a sequence and a head, so that they read the same keys at the same time.
fn four_rows(index: u32, T: u32, heads: u32) -> FourRows {
  let tiles = (T + 3u) / 4u;
  let pair = index / tiles;
  let i = (index % tiles) * 4u;
  let first = (pair / heads) * T;
  let rows = first + min(vec4u(i) + vec4u(0u, 1u, 2u, 3u), vec4u(T - 1u));
  return FourRows(first + i, rows, min(4u, T - i), first, pair % heads);
}
