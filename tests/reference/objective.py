"""
The objectives and one optimizer step in PyTorch. The model is in `model.py`.

Conventions (the engine follows the same):
- Linear schedule. `elbo`: p_mask = (1 - eps) t + eps with eps = 1e-3, weight 1/p_mask (LLaDA, arXiv 2502.09992).
  `uniform-k`: exactly k masks, k in 1..T, weight T/k (RADD, arXiv 2406.03736).
  `none`: masks as `elbo`, weight 1 (MaskGIT, arXiv 2202.04200).
- Post-training (LLaDA, algorithm 2): with answer starts s_b, only the A_b = T - s_b positions from s_b on may be masked; A_b
  takes the place of T in k and in the weight A_b/k, and the loss of a sample is its weighted sum over A_b (not T), the mean
  of which over samples is the loss.
- SUBS (MDLM, arXiv 2406.07524): the mask's logit is -inf before the softmax; revealed tokens cost nothing.
- Block diffusion (BD3-LM, arXiv 2503.09573): each block of L tokens is a sample with a level of its own; k in 1..L, weight
  L/k. Autoregressive: every token costs -log p, weight 1; `inputMasking` hides input tokens. What the network reads then
  is in `layout.py`. Balance losses count every row that it reads.
- Loss in nats: sum over samples b and masked i of weight_b * -log p(x0_i | xt), over B*T (all tokens); for `none` over
  the number of masked tokens in the batch.
- Switch balance loss of token choice, added per MoE layer: balanceLoss * E * sum_e f_e P_e over the whole batch, with
  f_e = count_e / (N K) held constant and P_e the mean probability (sigmoid scores are normalised over experts first).
  With `balanceScope` "sequence" the mean of that over the sequences. Counts are taken before any route is dropped.
- Router z-loss (ST-MoE, arXiv 2202.08906, eq. 5), added per MoE layer: zLoss * mean over tokens of logsumexp(logits)^2,
  whatever the score.
- AdamW with decoupled decay of every tensor of two or more dimensions (embedding and head included; norms are left
  alone), eps 1e-8, clip by the global norm with scale min(1, clipNorm / (norm + 1e-6)), bias correction.
- Learning rate by `schedule`, after a linear warm-up whose first step has learningRate / warmupSteps: constant; cosine
  (arXiv 1608.03983) down to finalShare at the end; wsd (arXiv 2404.06395), constant until the last decayShare of the steps
  after the warm-up, then linear down to finalShare.
- EMA: decay min(emaDecay, (1 + s) / (10 + s)) at the step s from 0, as TensorFlow's ExponentialMovingAverage.
- Muon (`training.optimizer` "muon"): the matrices between hidden states (every *_proj, each expert's alone) take steps of
  Nesterov momentum (m = beta m + (1 - beta) g, u = beta m + (1 - beta) g), orthogonalised by five Newton-Schulz iterations
  (Jordan et al. 2024) and scaled by 0.2 sqrt(max(rows, columns)) (Moonlight, arXiv 2502.16982); the same clip, rate and
  decay. Embedding, head, norms and routers stay with AdamW.
- Loss-free balance of token choice (arXiv 2408.15664, algorithm 1) with `biasRate`: experts are chosen by score + bias and
  weighed by score; after the step of the optimizer, which leaves the bias alone, bias_e += biasRate * sign(mean - count_e)
  with the counts of that step's forward pass, before any drop. The bias has an EMA as the weights do.
- EMA starts at the initial weights; after each step ema = emaDecay * ema + (1 - emaDecay) * p.
"""
import math

import numpy as np
import torch

from layout import rows_of
from model import BIAS, forward

MASK_EPS = 1e-3


def corrupt(random, x0, vocabulary_size, objective, answer_starts=None):
    """
    x0 (B, T) -> (xt (B, T), weight (samples,)), float32-representable; a sample is a sequence, or a block of one.
    `random` is a numpy Generator; the mask id is `vocabulary_size`. `answer_starts` (B,) spares what stands before.
    """
    kind = objective.get("kind", "diffusion")
    if kind == "autoregressive":
        shifted = np.concatenate([np.full_like(x0[:, :1], vocabulary_size), x0[:, :-1]], axis=1)
        hidden = random.random(x0.shape) < objective.get("inputMasking", 0)
        return np.where(hidden, vocabulary_size, shifted), np.ones(len(x0), np.float32)
    length = objective["blockSize"] if kind == "block-diffusion" else x0.shape[1]
    xt, weight = corrupt_samples(random, x0.reshape(-1, length), vocabulary_size, objective["weighting"], answer_starts)
    return xt.reshape(x0.shape), weight


def corrupt_samples(random, x0, vocabulary_size, weighting, answer_starts=None):
    """x0 (samples, T) -> (xt, weight (samples,)) for stratified mask levels."""
    B, T = x0.shape
    starts = np.zeros(B, int) if answer_starts is None else answer_starts
    strata = (random.permutation(B) + random.random(B)) / B  # one level per stratum, in [0, 1)
    masked, weight = np.zeros((B, T), bool), np.zeros(B)
    for b in range(B):
        if weighting == "uniform-k":
            length = T - starts[b]
            k = 1 + int(strata[b] * length)
            masked[b, starts[b] + random.permutation(length)[:k]] = True
            weight[b] = length / k
        elif weighting in ("elbo", "none"):
            p_mask = (1 - MASK_EPS) * strata[b] + MASK_EPS
            masked[b] = (random.random(T) < p_mask) & (np.arange(T) >= starts[b])
            weight[b] = 1 / p_mask if weighting == "elbo" else 1
        else:
            raise ValueError(f"objective.weighting: expected elbo, uniform-k or none, got {weighting}")
    return np.where(masked, vocabulary_size, x0), weight.astype(np.float32)


def token_loss(logits, x0, xt, weight, objective, answer_starts=None):
    """logits (B, T, V + 1), x0 and xt (B, T), weight (samples,) -> scalar, nats per token (per masked one for `none`)."""
    B, T = x0.shape
    mask_id = logits.shape[-1] - 1
    is_mask_column = torch.arange(mask_id + 1) == mask_id
    log_p = torch.log_softmax(logits.masked_fill(is_mask_column, float("-inf")), dim=-1)
    nll = -log_p.gather(-1, x0[..., None])[..., 0]  # (B, T)
    if objective.get("kind") == "autoregressive":
        return nll.mean()
    weighting, is_masked = objective["weighting"], xt == mask_id
    by_sample = weight * (is_masked * nll).reshape(len(weight), -1).sum(-1)
    if answer_starts is not None and weighting != "none":
        return (by_sample / (T - answer_starts)).mean()
    return by_sample.sum() / (is_masked.sum() if weighting == "none" else B * T)


def balance_loss(model, routes, sequences):
    """Switch auxiliary loss (arXiv 2101.03961, eq. 4) of all MoE layers of a token-choice model; 0 for other models."""
    total = torch.zeros((), dtype=torch.float64)
    if model["feedForward"] != "token-choice":
        return total
    E, K = model["experts"], model["choices"]
    groups = sequences if model.get("balanceScope", "batch") == "sequence" else 1
    for route in routes:
        share = route.asked.to(route.scores.dtype).reshape(groups, -1, E).mean(1) / K  # f_e, no gradient
        probability = route.scores / route.scores.sum(-1, keepdim=True)  # the softmax itself when scores are softmax
        mean = probability.reshape(groups, -1, E).mean(1)
        total = total + model["balanceLoss"] * E * (share * mean).sum(-1).mean()
    return total


def z_loss(model, routes):
    """Router z-loss of all MoE layers."""
    total = torch.zeros((), dtype=torch.float64)
    for route in routes:
        total = total + model.get("zLoss", 0.0) * torch.logsumexp(route.logits, dim=-1).pow(2).mean()
    return total


def loss_of(parameters, model, objective, batch, draw=None):
    """
    batch {x0, xt, weight, answer_starts or None}, draw (seed, step) of what is random inside the model
    -> (loss, the part that routers add, logits (B, T, V + 1) of the noisy rows, routes of all).
    """
    B, T = batch["x0"].shape
    tokens, positions, visible = rows_of(objective, batch["x0"], batch["xt"])
    logits, routes = forward(parameters, model, tokens, positions, visible, draw)
    logits = logits[:, :T]
    balance = balance_loss(model, routes, tokens.numel() // T) + z_loss(model, routes)
    loss = token_loss(logits, batch["x0"], batch["xt"], batch["weight"], objective, batch["answer_starts"])
    return loss + balance, balance, logits, routes


def orthogonalise(u):
    """u (rows, columns) -> a matrix whose singular values are near 1, by Newton-Schulz on the wide orientation."""
    x = u.T if u.shape[0] > u.shape[1] else u
    x = x / (torch.linalg.norm(x) + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if u.shape[0] > u.shape[1] else x


class Muon(torch.optim.Optimizer):
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                m.mul_(group["momentum"]).add_(p.grad, alpha=1 - group["momentum"])
                u = group["momentum"] * m + (1 - group["momentum"]) * p.grad
                with torch.no_grad():
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.sub_(group["lr"] * 0.2 * max(p.shape) ** 0.5 * orthogonalise(u))


def rate_of(training, step):
    """Learning rate of a step, counted from 0."""
    peak, warmup, schedule = training["learningRate"], training["warmupSteps"], training["schedule"]
    if step + 1 <= warmup:
        return peak * (step + 1) / warmup
    if schedule == "constant":
        return peak
    low, length = peak * training["finalShare"], training["steps"] - warmup
    if schedule == "cosine":
        return low + (peak - low) * math.cos(math.pi / 2 * (step - warmup) / length) ** 2
    falling = training["decayShare"] * length
    return low + (peak - low) * min(1.0, (training["steps"] - step) / falling)


def train(parameters, model, objective, training, batch):
    """
    `training["steps"]` steps of AdamW (and Muon) on the same batch, routes decided anew in each.
    Returns a list of {loss, balance, logits, routes, gradients, norm} per step (gradients before clipping), and the
    weights and their EMA after the last step. The given parameters are not changed.
    """
    weights = {name: value.clone().requires_grad_(BIAS not in name) for name, value in parameters.items()}
    biases = [value for name, value in weights.items() if BIAS in name]  # one for each route of a forward pass
    ema = {name: value.clone() for name, value in parameters.items()}
    is_muon = training.get("optimizer", "adamw") == "muon"
    hidden = [value for name, value in weights.items() if is_muon and name.endswith("_proj.weight")]
    matrices = [value for value in weights.values() if value.ndim >= 2 and not any(value is other for other in hidden)]
    vectors = [value for name, value in weights.items() if value.ndim < 2 and BIAS not in name]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": training["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=training["learningRate"],
        betas=(training["beta1"], training["beta2"]),
        eps=1e-8,
    )
    optimizers = [optimizer]
    if hidden:
        options = {"lr": training["learningRate"], "momentum": training["muonMomentum"], "weight_decay": training["weightDecay"]}
        optimizers.append(Muon(hidden, options))
    history = []
    for step in range(training["steps"]):
        for each in optimizers:
            each.zero_grad()
            for group in each.param_groups:
                group["lr"] = rate_of(training, step)
        loss, balance, logits, routes = loss_of(weights, model, objective, batch, (training.get("seed", 0), step))
        loss.backward()
        gradients = {name: torch.zeros_like(value) if value.grad is None else value.grad.clone() for name, value in weights.items()}
        norm = torch.nn.utils.clip_grad_norm_(weights.values(), training["clipNorm"])
        history.append(
            {"loss": loss, "balance": balance, "logits": logits, "routes": routes, "gradients": gradients, "norm": float(norm)}
        )
        for each in optimizers:
            each.step()
        with torch.no_grad():
            for bias, route in zip(biases, routes):
                count = route.asked.sum(0).to(bias.dtype)
                bias += model["biasRate"] * torch.sign(count.mean() - count)
            decay = min(training["emaDecay"], (1 + step) / (10 + step))
            for name, value in weights.items():
                ema[name] = decay * ema[name] + (1 - decay) * value
    return history, {name: value.detach() for name, value in weights.items()}, ema
