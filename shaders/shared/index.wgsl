// Index of an invocation in a grid that may be wrapped into two dimensions (see linearWorkgroups).
fn linear_index(id: vec3u, groups: vec3u, workgroup_size: u32) -> u32 {
  return id.x + id.y * groups.x * workgroup_size;
}
