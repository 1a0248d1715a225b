// starts[b + 1] = starts[b] + capacities[masks among the T tokens of sequence b]; one workgroup does all of it
struct Params { B: u32, T: u32, maskId: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<u32>; // (B * T)
@group(0) @binding(2) var<storage, read> capacities: array<u32>; // (T + 1)
@group(0) @binding(3) var<storage, read_write> starts: array<u32>; // (B + 1)

const INVOCATIONS = 256u;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) t: u32) {
  let T = params.T;
  for (var b = t; b < params.B; b += INVOCATIONS) {
    var masks = 0u;
    for (var i = b * T; i < (b + 1u) * T; i++) { masks += u32(tokens[i] == params.maskId); }
    starts[b + 1u] = capacities[masks];
  }
  storageBarrier();
  if (t > 0u) { return; }
  var end = 0u;
  starts[0] = 0u;
  for (var b = 1u; b <= params.B; b++) {
    end += starts[b];
    starts[b] = end;
  }
}
