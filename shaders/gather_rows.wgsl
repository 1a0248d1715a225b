// out[s] = x[pairOf[s] / J], zero where the slot is unused; four channels per invocation
struct Params { S: u32, C: u32, J: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (N, C)
@group(0) @binding(2) var<storage, read> pairOf: array<u32>; // (S)
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // (S, C)

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let C = params.C;
  let blocks = (C + 3u) / 4u;
  let i = linear_index(id, groups, 64u);
  let s = i / blocks;
  if (s >= params.S) { return; }
  let first = (i % blocks) * 4u;
  let end = min(first + 4u, C);
  let pair = pairOf[s];
  if (pair == NONE) {
    for (var c = first; c < end; c++) { out[s * C + c] = 0.0; }
  } else {
    let base = (pair / params.J) * C;
    for (var c = first; c < end; c++) { out[s * C + c] = x[base + c]; }
  }
}
