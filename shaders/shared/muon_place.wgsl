// Index in the flat parameters of element i of (G, R, C): matrices stored (C, R) are read across. Needs `places`.
fn place_in_parameters(i: u32, size: u32, R: u32, C: u32) -> u32 {
  let g = i / size;
  let within = i % size;
  let across = (within % C) * R + within / C;
  return places[2u * g] + select(within, across, places[2u * g + 1u] == 1u);
}
