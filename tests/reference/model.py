"""
The model in PyTorch, written from the specification and from nothing else of this project: an oracle for the engine.

It is the definition put plainly, not a fast implementation: every expert sees every token and a gate of 0 drops it.
Conventions (the engine follows the same):
- Parameters carry the names of the Hugging Face LLaDA-MoE layout; weights are [out, in]; there are no biases.
  V is the vocabulary without the mask; the mask is token id V, the last row of `model.embed_tokens` and `lm_head`.
- Pre-norm blocks; RMSNorm with eps 1e-6; RMSNorm of each query and key head (QK-norm, one weight of length D for all
  heads) before the rotary embedding; rotary pairs (i, i + D/2), angle position * base^(-2i/D); attention to
  the visible rows (`layout.py`) has scale 1/sqrt(D); SwiGLU is down(silu(gate(x)) * up(x)).
- Shared experts are one SwiGLU of width sharedExperts * expertWidth; its output is added, ungated.
- The sum of the routed experts, gates as they are, is multiplied by scalingFactor. The first denseLayers layers are dense.
- A capacity schedule (EC-DLM, arXiv 2604.01622) gives each sequence its own capacity by its number of masks, see
  `capacity_by_masks`.
- While training, dropout falls on what each attention and each feed-forward adds (place 2 * layer, then 2 * layer + 1),
  jitter (place `layer`) on what the router reads: `randomness.py`.
  Settings that a configuration leaves out: capacityFactor 1, capacitySchedule constant, scalingFactor 1, denseLayers 0,
  dropout 0, jitter 0.
The objective is in `objective.py`. Dimension letters: B batch, T sequence, C width, H heads, D head width, V vocabulary,
E experts, K choices, N = B*T tokens.
"""
import math
from dataclasses import dataclass

import torch

from randomness import dropped, jittered

RMS_EPS = 1e-6
# Name of a router's balance bias (arXiv 2408.15664), as in DeepSeek-V3: moved by its own rule, never by a gradient.
BIAS = "e_score_correction_bias"


@dataclass
class Route:
    """What one MoE layer decided. `gates` is 0 where an expert does not hold the token."""

    logits: torch.Tensor  # (N, E)
    scores: torch.Tensor  # (N, E)
    gates: torch.Tensor  # (N, E)
    asked: torch.Tensor  # (N, E) bool: the router's choice
    chosen: torch.Tensor  # (N, E) bool: the choice without the routes that were dropped
    margin: float  # smallest gap between the last score taken and the first one left; inf where none is left
    layer: int = -1  # which layer of the model, set by `forward`


def is_dense(model, layer):
    return model["feedForward"] == "dense" or layer < model.get("denseLayers", 0)


def parameter_shapes(model, vocabulary_size):
    """{name: shape} of every parameter, in the order of the forward pass. `model` has the schema's field names."""
    C, D = model["width"], model["width"] // model["heads"]
    shapes = {"model.embed_tokens.weight": (vocabulary_size + 1, C)}

    def swiglu_shapes(prefix, hidden):
        shapes[f"{prefix}.gate_proj.weight"] = (hidden, C)
        shapes[f"{prefix}.up_proj.weight"] = (hidden, C)
        shapes[f"{prefix}.down_proj.weight"] = (C, hidden)

    for layer in range(model["layers"]):
        prefix = f"model.layers.{layer}"
        shapes[f"{prefix}.input_layernorm.weight"] = (C,)
        for projection in "qkvo":
            shapes[f"{prefix}.self_attn.{projection}_proj.weight"] = (C, C)
        if model["qkNorm"]:
            shapes[f"{prefix}.self_attn.q_norm.weight"] = (D,)
            shapes[f"{prefix}.self_attn.k_norm.weight"] = (D,)
        shapes[f"{prefix}.post_attention_layernorm.weight"] = (C,)
        if is_dense(model, layer):
            swiglu_shapes(f"{prefix}.mlp", model["hiddenWidth"])
            continue
        shapes[f"{prefix}.mlp.gate.weight"] = (model["experts"], C)
        if model["feedForward"] == "token-choice" and model.get("biasRate", 0) > 0:
            shapes[f"{prefix}.mlp.gate.{BIAS}"] = (model["experts"],)
        for expert in range(model["experts"]):
            swiglu_shapes(f"{prefix}.mlp.experts.{expert}", model["expertWidth"])
        if model["sharedExperts"] > 0:
            swiglu_shapes(f"{prefix}.mlp.shared_expert", model["sharedExperts"] * model["expertWidth"])
    shapes["model.norm.weight"] = (C,)
    shapes["lm_head.weight"] = (vocabulary_size + 1, C)
    return shapes


def forward(parameters, model, tokens, positions, visible, draw=None):
    """
    tokens (B, R) ids, V where masked; positions (R,) of the rows; visible (R, R) bool, [query, key]
    -> (logits (B, R, V + 1), [Route of each MoE layer]).
    The mask's logit comes out as it is; SUBS sets it to -inf later, in the objective.
    draw (seed, step) while training: jitter and dropout are drawn from it.
    """
    x = parameters["model.embed_tokens.weight"][tokens]  # (B, R, C)
    vocabulary_size = len(parameters["model.embed_tokens.weight"]) - 1
    # Expert choice and its schedule look at groups of T rows: the positions 0..T-1 once.
    masks = (tokens.reshape(-1, int(positions.max()) + 1) == vocabulary_size).sum(-1).tolist()
    routes, dropout = [], model.get("dropout", 0)
    for layer in range(model["layers"]):
        prefix = f"model.layers.{layer}"
        normalised = rms_norm(x, parameters[f"{prefix}.input_layernorm.weight"])
        branch = attention(parameters, model, f"{prefix}.self_attn", normalised, positions, visible)
        x = x + dropped(branch, dropout, draw, 2 * layer)
        normalised = rms_norm(x, parameters[f"{prefix}.post_attention_layernorm.weight"])
        if is_dense(model, layer):
            x = x + dropped(swiglu(parameters, f"{prefix}.mlp", normalised), dropout, draw, 2 * layer + 1)
        else:
            read = jittered(normalised, model.get("jitter", 0), draw, layer)
            mixed, route = mixture(parameters, model, f"{prefix}.mlp", normalised, read, masks)
            x = x + dropped(mixed, dropout, draw, 2 * layer + 1)
            route.layer = layer
            routes.append(route)
    x = rms_norm(x, parameters["model.norm.weight"])
    return x @ parameters["lm_head.weight"].T, routes


def rms_norm(x, weight):
    """x (..., C) -> x / rms(x) * weight."""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + RMS_EPS) * weight


def rotary(x, base, positions):
    """x (B, H, R, D) -> the pair (i, i + D/2) of each head turned by position * base^(-2i/D)."""
    D = x.shape[-1]
    frequency = base ** (-2 * torch.arange(D // 2, dtype=torch.float64) / D)
    angle = positions.to(torch.float64)[:, None] * frequency  # (R, D/2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., : D // 2], x[..., D // 2 :]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def attention(parameters, model, prefix, x, positions, visible):
    """Self-attention of each row to the visible ones. x (B, T, C) -> (B, T, C); head h owns channels h*D .. (h+1)*D - 1."""
    B, T, C = x.shape
    H = model["heads"]
    D = C // H

    def project(name):
        return (x @ parameters[f"{prefix}.{name}_proj.weight"].T).reshape(B, T, H, D).transpose(1, 2)  # (B, H, T, D)

    q, k, v = project("q"), project("k"), project("v")
    if model["qkNorm"]:
        q = rms_norm(q, parameters[f"{prefix}.q_norm.weight"])
        k = rms_norm(k, parameters[f"{prefix}.k_norm.weight"])
    q, k = rotary(q, model["ropeBase"], positions), rotary(k, model["ropeBase"], positions)
    scores = q @ k.transpose(-1, -2) / D**0.5  # (B, H, T, T)
    weights = torch.softmax(scores + torch.where(visible, 0.0, float("-inf")).to(x.dtype), dim=-1)
    mixed = (weights @ v).transpose(1, 2).reshape(B, T, C)
    return mixed @ parameters[f"{prefix}.o_proj.weight"].T


def swiglu(parameters, prefix, x):
    """x (..., C) -> down(silu(gate(x)) * up(x))."""
    gate = x @ parameters[f"{prefix}.gate_proj.weight"].T
    up = x @ parameters[f"{prefix}.up_proj.weight"].T
    return (torch.nn.functional.silu(gate) * up) @ parameters[f"{prefix}.down_proj.weight"].T


def mixture(parameters, model, prefix, x, read, masks):
    """x (B, R, C), of which the router reads `read` -> (shared(x) + factor * sum over e of gate_e * expert_e(x), Route). A token that nobody holds gets only shared(x). masks counts those of each group of rows."""
    B, T, C = x.shape
    tokens = x.reshape(B * T, C)
    groups = len(masks)
    logits = read.reshape(B * T, C) @ parameters[f"{prefix}.gate.weight"].T
    bias = parameters.get(f"{prefix}.gate.{BIAS}", torch.zeros(model["experts"]))
    route = route_tokens(model, logits, groups, B * T // groups, masks, bias)
    mixed = torch.zeros_like(tokens)
    if model["sharedExperts"] > 0:
        mixed = mixed + swiglu(parameters, f"{prefix}.shared_expert", tokens)
    weights = model.get("scalingFactor", 1) * route.gates
    for expert in range(model["experts"]):
        mixed = mixed + weights[:, expert : expert + 1] * swiglu(parameters, f"{prefix}.experts.{expert}", tokens)
    return mixed.reshape(B, T, C), route


def route_tokens(model, logits, B, T, masks, bias):
    """Router logits (N, E) -> Route. The choice is a constant; gradients reach the router through the scores alone."""
    E, K = model["experts"], model["choices"]
    scores = torch.softmax(logits, dim=-1) if model["score"] == "softmax" else torch.sigmoid(logits)
    if model["feedForward"] == "token-choice":
        asked, margin = take_best(scores.detach() + bias, K)
        chosen, drop_margin = drop_overflow(model, scores.detach(), asked)
        margin = min(margin, drop_margin)
    elif model["feedForward"] == "expert-choice":
        # Zhou et al. 2202.09368: each expert takes its top-C tokens of a group, C = factor * K * (tokens of the group) / E.
        groups, size = (B, T) if model["expertGroup"] == "sequence" else (1, B * T)
        capacity = min(size, max(1, int(model.get("capacityFactor", 1) * K * size / E)))
        capacities = [capacity] * groups
        if model.get("capacitySchedule", "constant") != "constant":
            capacities = [capacity_by_masks(model, capacity, T)[count] for count in masks]
        by_expert = scores.detach().reshape(groups, size, E).transpose(1, 2)  # (groups, E, size)
        taken = [take_best(group, count) for group, count in zip(by_expert, capacities)]
        asked = chosen = torch.stack([best for best, _ in taken]).transpose(1, 2).reshape(B * T, E)
        margin = min(gap for _, gap in taken)
    else:
        raise ValueError(f"model.feedForward: expected expert-choice or token-choice, got {model['feedForward']}")
    weights = scores * asked
    if model["gate"] == "renormalised":
        if model["score"] == "softmax" and model["feedForward"] == "token-choice":
            # Softmax over the selected, stated as such; every token has selected some.
            weights = torch.softmax(logits.masked_fill(~asked, float("-inf")), dim=-1)
        else:
            total = weights.sum(-1, keepdim=True)
            weights = weights / torch.where(total > 0, total, torch.ones_like(total))
    # Gates are computed before the drop: it sets some to 0 and leaves the others.
    return Route(logits, scores, weights * chosen, asked, chosen, margin)


def drop_overflow(model, scores, asked):
    """
    Token choice with a capacity: each expert keeps at most C = floor(factor * K * N / E) of the tokens that ask for it, the
    first ones or those of highest score -> (bool mask of what is kept, margin of that decision).
    """
    if model.get("capacity", "dropless") == "dropless":
        return asked, float("inf")
    N, E = scores.shape
    capacity = min(N, max(1, int(model["capacityFactor"] * model["choices"] * N / E)))
    if model["dropRule"] == "position":
        return asked & (asked.cumsum(0) <= capacity), float("inf")
    kept, margin = torch.zeros_like(asked), float("inf")
    for expert in range(E):
        tokens = asked[:, expert].nonzero()[:, 0]
        if len(tokens) == 0:
            continue
        best, gap = take_best(scores[tokens, expert], min(capacity, len(tokens)))
        kept[tokens[best], expert] = True
        margin = min(margin, gap)
    return kept, margin


def capacity_by_masks(model, static, T):
    """
    Capacity of a sequence of T tokens with 0..T masks, a list. It follows c(r) = low + (high - low) s(r), r = masks / T,
    low = static * minChoices / choices but at least 1, and high such that c averages to `static` over 1..T masks.
    Rounded down, except those of 1..T masks with the largest fractions (fewer masks first among equals, compared to six
    digits): as many are rounded up as it takes for the sum to be T * static. Without masks: rounded to the nearest.
    """
    kind, _, reverse = model["capacitySchedule"].partition("-")
    shapes = {
        "linear": lambda r: r,
        "cosine": lambda r: (1 - math.cos(math.pi * r)) / 2,
        "gaussian": lambda r: math.exp(-((r - 0.5) ** 2) / (2 * 0.22**2)),
    }
    # The reverse of (1 - cos) / 2 is (1 + cos) / 2: one minus it, as for the others.
    s = [1 - shapes[kind](m / T) if reverse else shapes[kind](m / T) for m in range(T + 1)]
    low = max(1.0, static * model["minChoices"] / model["choices"])
    slope = (static - low) / (sum(s[1:]) / T)
    exact = [round(low + slope * value, 6) for value in s]
    if max(exact[1:]) > T:
        raise ValueError(f"model.minChoices: expected no capacity above {T}, got {max(exact[1:])}")
    whole = [int(min(value, T)) for value in exact]
    by_fraction = sorted(range(1, T + 1), key=lambda m: (-round(exact[m] - whole[m], 6), m))
    for m in by_fraction[: T * static - sum(whole[1:])]:
        whole[m] += 1
    whole[0] = min(T, int(exact[0] + 0.5))
    return whole


def take_best(scores, count):
    """The `count` largest along the last axis, ties to the lower index -> (bool mask of the shape of `scores`, margin)."""
    ordered, index = scores.sort(dim=-1, descending=True, stable=True)
    chosen = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, index[..., :count], True)
    if count == scores.shape[-1]:
        return chosen, float("inf")
    return chosen, float((ordered[..., count - 1] - ordered[..., count]).min())
