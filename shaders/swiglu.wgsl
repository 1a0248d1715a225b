// out = silu(gate) * up, silu(g) = g * sigmoid(g); 0 in rows past the last expert's if GROUPED
struct Params { rows: u32, F: u32, E: u32 }
const GROUPED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gateUp: array<f32>; // (rows, 2F): [gate | up]
@group(0) @binding(2) var<storage, read> offsets: array<u32>; // (E + 1) if GROUPED, else anything
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (rows, F)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.rows * params.F) { return; }
  if (GROUPED) {
    if (i / params.F >= offsets[params.E]) {
      out[i] = 0.0;
      return;
    }
  }
  // Element (row, f) of out is i = row F + f; its gate is at row 2F + f = i + row F.
  let at = i + (i / params.F) * params.F;
  let gate = gateUp[at];
  out[i] = gate * sigmoid(gate) * gateUp[at + params.F];
}
