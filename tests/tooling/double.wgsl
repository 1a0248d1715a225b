// y[i] = 2 x[i] + i, in unsigned 32-bit integers
@group(0) @binding(0) var<storage, read> x: array<u32>; // (64)
@group(0) @binding(1) var<storage, read_write> y: array<u32>; // (64)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = 2u * x[id.x] + id.x;
}
