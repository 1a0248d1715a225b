// Expert of a tile of four rows, where expert e's tiles start at offsets[e] / 4 + e: a start that needs no scan over the
// experts before it, and leaves room for all their tiles, whole or in part. Number `experts` stands for the rows of none.
fn tile_start(e: u32) -> u32 { return offsets[e] / 4u + e; }

fn expert_of_tile(tile: u32, experts: u32) -> u32 {
  var low = 0u;
  var high = experts;
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    if (tile_start(middle) <= tile) { low = middle; } else { high = middle - 1u; }
  }
  return low;
}
