// dgate = dy up s (1 + gate (1 - s)), dup = dy gate s, with s = sigmoid(gate); 0 in rows past the last expert's if GROUPED
struct Params { rows: u32, F: u32, E: u32 }
const GROUPED: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gateUp: array<f32>; // (rows, 2F): [gate | up]
@group(0) @binding(2) var<storage, read> dy: array<f32>; // (rows, F)
@group(0) @binding(3) var<storage, read> offsets: array<u32>; // (E + 1) if GROUPED, else anything
@group(0) @binding(4) var<storage, read_write> dgateUp: array<f32>; // (rows, 2F)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64u);
  if (i >= params.rows * params.F) { return; }
  let at = i + (i / params.F) * params.F;
  if (GROUPED) {
    if (i / params.F >= offsets[params.E]) {
      dgateUp[at] = 0.0;
      dgateUp[at + params.F] = 0.0;
      return;
    }
  }
  let gate = gateUp[at];
  let s = sigmoid(gate);
  dgateUp[at] = dy[i] * gateUp[at + params.F] * s * (1.0 + gate * (1.0 - s));
  dgateUp[at + params.F] = dy[i] * gate * s;
}
