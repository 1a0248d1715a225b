"""
Compares one forward pass of the engine with the float64 reference, on any run directory.

    sdlm forward --run DIR --tokens FILE.json --out FILE.safetensors
    /usr/bin/python3 tests/reference/compare_forward.py --run DIR --tokens FILE.json --forward FILE.safetensors

DIR holds `config.json` (an experiment in the schema's form) and `model.safetensors`. FILE.json holds token ids, one
sequence or a list of sequences of equal length. FILE.safetensors holds `logits` (B, T, V + 1) and, per MoE layer L,
`layers.L.router_scores` and `layers.L.gates` (B, T, E), 0 where an expert does not hold the token.
Prints the largest differences; exit code 1 if one exceeds --tolerance (relative to the largest reference value of the
tensor), 2 if the files cannot be compared.

An expert that takes another token than the reference is reported apart, with the reference's distance of that score
from the boundary: below about 1e-6 it is a tie that float32 decides differently (always so for expert choice on a
sequence of nothing but masks, where all positions are alike), and everything after it differs legitimately.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from layout import visible_in
from model import forward, parameter_shapes
from safetensors_io import read_safetensors


def load_run(directory):
    """Return (experiment, V, {name: float64 tensor}). Raises ValueError if weights are missing or misshapen."""
    experiment = json.loads((directory / "config.json").read_text())
    model = experiment["model"]
    tensors, _ = read_safetensors(directory / "model.safetensors")
    if "model.embed_tokens.weight" not in tensors:
        raise ValueError(f"model.safetensors: expected model.embed_tokens.weight, got {len(tensors)} other tensors")
    V = tensors["model.embed_tokens.weight"].shape[0] - 1
    parameters = {}
    for name, shape in parameter_shapes(model, V).items():
        if name not in tensors or tensors[name].shape != shape:
            got = tensors[name].shape if name in tensors else "nothing"
            raise ValueError(f"model.safetensors: {name}: expected {shape}, got {got}")
        parameters[name] = torch.from_numpy(tensors[name].astype(np.float64))
    for name in sorted(tensors.keys() - parameters.keys()):
        print(f"not a parameter of this configuration, left out: {name}")
    return experiment, V, parameters


def load_tokens(path, V):
    """Return token ids (B, T)."""
    tokens = np.array(json.loads(path.read_text()))
    if tokens.ndim == 1:
        tokens = tokens[None]
    if tokens.ndim != 2 or tokens.dtype.kind != "i" or tokens.size == 0 or tokens.min() < 0 or tokens.max() > V:
        raise ValueError(f"{path.name}: expected sequences of equal length with token ids from 0 to {V}, got something else")
    return torch.from_numpy(tokens)


def difference_of(name, ours, reference, tolerance):
    """Print one line; return whether the difference is within the tolerance."""
    if ours.shape != reference.shape:
        raise ValueError(f"{name}: expected {reference.shape}, got {ours.shape}")
    difference = np.abs(ours - reference)
    largest, scale = difference.max(), np.abs(reference).max()
    good = bool(largest <= tolerance * scale)  # False for NaN
    print(f"{'ok  ' if good else 'FAIL'} {name}: largest difference {largest:.2e} (largest value {scale:.3g})")
    return good


def route_flips(name, ours, route, model):
    """Print every choice that differs from the reference, with its distance from the boundary; return their number."""
    B, T, E = ours.shape
    scores = route.scores.detach().numpy().reshape(B, T, E)
    chosen = route.chosen.numpy().reshape(B, T, E)
    flips = np.argwhere((ours > 0) != chosen)
    for b, t, e in flips[:10]:
        if model["feedForward"] == "token-choice":
            line, taken = scores[b, t], chosen[b, t]
        elif model["expertGroup"] == "sequence":
            line, taken = scores[b, :, e], chosen[b, :, e]
        else:
            line, taken = scores[:, :, e].ravel(), chosen[:, :, e].ravel()
        # Distance to the nearest score on the other side of the reference's boundary.
        other = line[taken != chosen[b, t, e]]
        distance = np.abs(other - scores[b, t, e]).min() if other.size else float("inf")
        took = "does not take" if chosen[b, t, e] else "takes"
        print(f"FAIL {name}: expert {e} {took} token {t} of sequence {b}; {distance:.1e} from the boundary")
    if len(flips) > 10:
        print(f"     and {len(flips) - 10} more")
    return len(flips)


def compare(arguments):
    """Return whether everything agrees."""
    experiment, V, parameters = load_run(arguments.run)
    model, objective = experiment["model"], experiment["objective"]
    xt = load_tokens(arguments.tokens, V)
    ours, _ = read_safetensors(arguments.forward)
    ours = {name: value.astype(np.float64) for name, value in ours.items()}
    B, T = xt.shape
    read = xt
    if objective["kind"] == "autoregressive":
        # Row i is the prediction of token i from those before it, behind the mask as the beginning.
        read = torch.cat([torch.full_like(xt[:, :1], V), xt[:, :-1]], dim=1)
    logits, routes = forward(parameters, model, read, torch.arange(T), visible_in(objective, T))
    expected = {"logits": logits.numpy()}
    for route in routes:
        layer = route.layer
        expected[f"layers.{layer}.router_scores"] = route.scores.numpy().reshape(B, T, -1)
        expected[f"layers.{layer}.gates"] = route.gates.numpy().reshape(B, T, -1)
    missing = sorted(expected.keys() - ours.keys())
    if missing:
        raise ValueError(f"{arguments.forward.name}: expected {', '.join(missing)}, got only {', '.join(sorted(ours))}")
    good = True
    for route in routes:
        layer = route.layer
        for kind in ("router_scores", "gates"):
            name = f"layers.{layer}.{kind}"
            good &= difference_of(name, ours[name], expected[name], arguments.tolerance)
        good &= route_flips(f"layers.{layer}", ours[f"layers.{layer}.gates"], route, model) == 0
    # SUBS: the engine may write the mask's logit as it is or as -inf (or a very negative number); both are right.
    columns = V + 1
    if ours["logits"].shape[-1] == V + 1 and (ours["logits"][..., V] < -1e29).all():
        print("the mask's logit is -inf, as SUBS has it: the other columns are compared")
        columns = V
    good &= difference_of("logits", ours["logits"][..., :columns], expected["logits"][..., :columns], arguments.tolerance)
    return good


def main():
    parser = argparse.ArgumentParser(description="Compare `sdlm forward` with the float64 reference.")
    parser.add_argument("--run", type=Path, required=True, help="run directory")
    parser.add_argument("--tokens", type=Path, required=True, help="token ids (JSON)")
    parser.add_argument("--forward", type=Path, required=True, help="output of sdlm forward")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="relative to the tensor's largest value (1e-4)")
    torch.set_num_threads(1)
    try:
        good = compare(parser.parse_args())
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        sys.exit(2)
    print("agrees" if good else "differs")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
