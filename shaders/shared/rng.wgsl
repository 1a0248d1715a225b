// Counter-based random bits: pcg4d of Jarzynski and Olano 2020 ("Hash Functions for GPU Rendering").
// The TypeScript twin in src/config/random.ts gives the same bits for (seed, stream, step, index).
fn pcg4d(input: vec4u) -> vec4u {
  var v = input * 1664525u + vec4u(1013904223u);
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v = v ^ (v >> vec4u(16u));
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  return v;
}
