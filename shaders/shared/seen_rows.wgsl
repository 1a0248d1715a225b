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

// How many rows the first of the four sees, and the s-th of them: what a kernel of one row goes through.
fn count_of(seen: Seen) -> u32 { return seen.a.hi.x - seen.a.lo.x + seen.b.hi.x - seen.b.lo.x; }

fn row_of(seen: Seen, s: u32) -> u32 {
  let before = seen.a.hi.x - seen.a.lo.x;
  return select(seen.b.first + seen.b.lo.x + s - before, seen.a.first + seen.a.lo.x + s, s < before);
}

// Four positions of a stretch, and their rows (past the end of the sequence its last): a turn of a blocked kernel, which
// goes through both stretches.
struct Turn {
  part: Stretch,
  places: vec4u,
  rows: vec4u,
}

// Turns that cover a stretch.
fn turns_of(s: Stretch) -> u32 { return (s.hi.w - s.lo.x + 3u) / 4u; }

fn turn_of(seen: Seen, turn: u32) -> Turn {
  let before = turns_of(seen.a);
  var part = seen.a;
  var first = seen.a.lo.x + 4u * turn;
  if (PAIRED && turn >= before) {
    part = seen.b;
    first = seen.b.lo.x + 4u * (turn - before);
  }
  let places = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  return Turn(part, places, part.first + min(places, vec4u(params.T - 1u)));
}

// Which of the places row r of the four sees.
fn sees(turn: Turn, r: u32) -> vec4<bool> {
  return (turn.places >= vec4u(turn.part.lo[r])) & (turn.places < vec4u(turn.part.hi[r]));
}
