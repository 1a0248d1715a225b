/** The dense feed-forward of a layer, and of shared experts. */
import { matmul } from '../ops/matmul.ts';
import { swiglu } from '../ops/swiglu.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** SwiGLU: `residual + (silu(x Wgate^T) * (x Wup^T)) Wdown^T` (Shazeer 2020, arXiv 2002.05202). */
export function feedForward(x: Tensor, gateUp: Tensor, down: Tensor, residual: Tensor | null): Tensor {
  return matmul(swiglu(matmul(x, gateUp, { transB: true })), down, { transB: true, residual });
}
