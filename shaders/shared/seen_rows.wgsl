// Which rows four rows of one sequence see (keys_of), or are seen by (queries_of): two stretches of rows, each inside one
// sequence; row r takes the positions lo[r] <= j < hi[r] of it. lo and hi never fall from one row to the next.
// PAIRED: sequences come in pairs of equal text, noisy then clean (BD3-LM 2503.09573, figure 3). A noisy block sees the
// clean blocks before it and itself, a clean block the clean ones up to itself. Otherwise: each its own blocks up to itself.
struct Stretch {
  first: u32, // row where the sequence begins
  lo: vec4u,
  hi: vec4u,
}

struct Seen { a: Stretch, b: Stretch }

fn is_clean(first: u32) -> bool { return (first / params.T) % 2u == 1u; }

// i: positions of the four rows in the sequence that begins at row `first`
fn keys_of(i: vec4u, first: u32) -> Seen {
  let begins = (i / params.blockSize) * params.blockSize;
  let ends = min(begins + params.blockSize, vec4u(params.T));
  if (!PAIRED || is_clean(first)) {
    return Seen(Stretch(first, vec4u(), ends), Stretch(first, vec4u(), vec4u()));
  }
  return Seen(Stretch(first + params.T, vec4u(), begins), Stretch(first, begins, ends));
}

fn queries_of(i: vec4u, first: u32) -> Seen {
  let begins = (i / params.blockSize) * params.blockSize;
  let ends = min(begins + params.blockSize, vec4u(params.T));
  let all = vec4u(params.T);
  if (!PAIRED) { return Seen(Stretch(first, begins, all), Stretch(first, vec4u(), vec4u())); }
  if (is_clean(first)) { return Seen(Stretch(first, begins, all), Stretch(first - params.T, ends, all)); }
  return Seen(Stretch(first, begins, ends), Stretch(first, vec4u(), vec4u()));
}

// Steps of four positions that cover a stretch.
fn steps_of(s: Stretch) -> u32 { return (s.hi.w - s.lo.x + 3u) / 4u; }
