"""
What the network reads of a batch, by objective: rows of tokens, the position of each row, and which rows a row sees.
Written out as a table of pairs (R x R), from the definitions:
- diffusion: the corrupted tokens; every row sees every row.
- autoregressive: token i - 1 at position i behind the mask as the beginning (so `xt` holds the shifted tokens, some of
  them hidden by input masking); a row sees itself and the rows before it.
- block-diffusion (BD3-LM, arXiv 2503.09573, section 3.2): [xt | x0], both at positions 0..T-1, in blocks of L tokens. A
  noisy row sees the noisy rows of its own block and the clean rows of the blocks before it; a clean row sees the clean
  rows of its own block and of those before it.
"""
import torch


def rows_of(objective, x0, xt):
    """x0, xt (B, T) -> (tokens (B, R), positions (R,), visible (R, R) bool, [query, key])."""
    kind = objective.get("kind", "diffusion")
    T = x0.shape[1]
    positions = torch.arange(T)
    if kind == "diffusion":
        return xt, positions, torch.ones(T, T, dtype=torch.bool)
    if kind == "autoregressive":
        return xt, positions, positions[None, :] <= positions[:, None]
    if kind != "block-diffusion":
        raise ValueError(f"objective.kind: expected diffusion, autoregressive or block-diffusion, got {kind}")
    block = torch.cat([positions, positions]) // objective["blockSize"]
    is_clean = torch.arange(2 * T) >= T
    query, key = block[:, None], block[None, :]
    to_clean = is_clean[None, :] & torch.where(is_clean[:, None], key <= query, key < query)
    to_noisy = ~is_clean[None, :] & ~is_clean[:, None] & (key == query)
    return torch.cat([xt, x0], dim=1), torch.cat([positions, positions]), to_clean | to_noisy


def visible_in(objective, T):
    """(T, T) bool: who sees whom when given tokens are read as they are, in blocks."""
    sizes = {"diffusion": T, "autoregressive": 1, "block-diffusion": objective.get("blockSize")}
    block = torch.arange(T) // sizes[objective.get("kind", "diffusion")]
    return block[None, :] <= block[:, None]
