// dgates[n, j] = previous + scale * <dy[n], hidden[slotOf[n, j]]>; nothing added where there is no route
struct Params { N: u32, C: u32, J: u32, scale: f32 }
const ADD: bool = false; // tunable
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> hidden: array<f32>; // (S, C)
@group(0) @binding(2) var<storage, read> slotOf: array<u32>; // (N, J)
@group(0) @binding(3) var<storage, read> dy: array<f32>; // (N, C)
@group(0) @binding(4) var<storage, read> previous: array<f32>; // (N, J) if ADD, else anything
@group(0) @binding(5) var<storage, read_write> dgates: array<f32>; // (N, J)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pair = linear_index(id, groups, 64u);
  if (pair >= params.N * params.J) { return; }
  let slot = slotOf[pair];
  var sum = 0.0;
  if (slot != NONE) {
    let row = (pair / params.J) * params.C;
    let at = slot * params.C;
    for (var c = 0u; c < params.C; c++) { sum += dy[row + c] * hidden[at + c]; }
  }
  var value = params.scale * sum;
  if (ADD) { value += previous[pair]; }
  dgates[pair] = value;
}
