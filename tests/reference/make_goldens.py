"""
Writes the golden values of tests/reference/goldens, or compares the committed ones with a fresh computation.

    /usr/bin/python3 tests/reference/make_goldens.py            writes every case
    /usr/bin/python3 tests/reference/make_goldens.py --check    compares; exit code 1 if a case differs

Computed in float64, stored in float32 (losses in float64). What each file holds is listed in README.md.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from cases import CASES
from model import BIAS, parameter_shapes
from objective import corrupt, train
from safetensors_io import read_safetensors, write_safetensors

GOLDENS = Path(__file__).resolve().parent / "goldens"

# --check: |fresh - committed| <= RELATIVE * |committed| + ABSOLUTE. Two float64 computations rounded to float32 differ by
# at most one unit in the last place (1.2e-7 relative); ABSOLUTE lets values that are 0 but for rounding be so.
RELATIVE, ABSOLUTE = 1e-6, 1e-10
# A top-k or top-C boundary closer than this could be decided differently in float32.
LEAST_MARGIN = 1e-4
# The same run in float32 must come this close, relative to the largest value of each kind, or no engine could.
FLOAT32_TOLERANCE = 1e-5


def make_inputs(case):
    """The probe's weights and batch as numpy arrays, already rounded to what the file stores."""
    config, V = case["config"], case["vocabularySize"]
    random = np.random.default_rng(case["seed"])
    parameters = {}
    for name, shape in parameter_shapes(config["model"], V).items():
        # Norm weights spread around 1 and biases around 0, so that leaving one out shows.
        centre = 1.0 if len(shape) == 1 and BIAS not in name else 0.0
        parameters[name] = (centre + config["model"]["initStd"] * random.standard_normal(shape)).astype(np.float32)
    x0 = random.integers(0, V, (config["training"]["batchSize"], config["data"]["sequenceLength"]))
    starts = None if case["answerStarts"] is None else np.array(case["answerStarts"])
    xt, weight = corrupt(random, x0, V, config["objective"], starts)
    return parameters, {"x0": x0, "xt": xt, "weight": weight, "answer_starts": starts}


def run(case, inputs, dtype):
    """Train the probe in the given precision; see `objective.train` for what comes back."""
    parameters, batch = inputs
    weights = {name: torch.from_numpy(value).to(dtype) for name, value in parameters.items()}
    tensors = {
        "x0": torch.from_numpy(batch["x0"]),
        "xt": torch.from_numpy(batch["xt"]),
        "weight": torch.from_numpy(batch["weight"]).to(dtype),
        "answer_starts": None if batch["answer_starts"] is None else torch.from_numpy(batch["answer_starts"]),
    }
    config = case["config"]
    return train(weights, config["model"], config["objective"], config["training"], tensors)


def outputs_of(result):
    """Everything computed, as {name: numpy array} in the precision of the run."""
    history, weights, ema = result
    first = history[0]
    tensors = {"loss": first["loss"], "loss.balance": first["balance"], "logits": first["logits"]}
    tensors.update({f"grad.{name}": value for name, value in first["gradients"].items()})
    tensors.update({f"after.{name}": value for name, value in weights.items()})
    tensors.update({f"ema.{name}": value for name, value in ema.items()})
    for route in first["routes"]:
        tensors[f"route.{route.layer}.scores"] = route.scores
        tensors[f"route.{route.layer}.gates"] = route.gates
    return {name: value.detach().numpy() for name, value in tensors.items()}


def precision_faults(result, outputs, outputs32):
    """Reasons why this case would be an unfair test of a float32 engine; choose another seed if there are any."""
    faults = []
    history = result[0]
    margin = min([route.margin for step in history for route in step["routes"]], default=float("inf"))
    if margin < LEAST_MARGIN:
        faults.append(f"route margin {margin:.1e} < {LEAST_MARGIN:.0e}")
    if any(step["norm"] < 2 * step["clip"] for step in history):
        faults.append("the gradient clip does not bite")
    for kind, difference in float32_differences(outputs, outputs32).items():
        if difference > FLOAT32_TOLERANCE:
            faults.append(f"float32 {kind} differs by {difference:.1e} > {FLOAT32_TOLERANCE:.0e}")
    return faults, margin


def float32_differences(outputs, outputs32):
    """{kind of value: largest difference over all tensors of that kind, relative to the largest value of the kind}."""
    kinds = {}
    for name, value in outputs.items():
        kinds.setdefault(name.split(".")[0], []).append(name)
    return {
        kind: max(np.abs(outputs[name] - outputs32[name]).max() for name in names)
        / max(np.abs(outputs[name]).max() for name in names)
        for kind, names in kinds.items()
    }


def make_case(case):
    """Compute one case. Returns (tensors to store, metadata, one line of facts, faults)."""
    inputs = make_inputs(case)
    result = run(case, inputs, torch.float64)
    for step in result[0]:
        step["clip"] = case["config"]["training"]["clipNorm"]
    outputs, outputs32 = outputs_of(result), outputs_of(run(case, inputs, torch.float32))
    faults, margin = precision_faults(result, outputs, outputs32)
    differences = float32_differences(outputs, outputs32)
    facts = f"loss {outputs['loss']:.6f}, margin {margin:.1e}, norm {result[0][0]['norm']:.2f}, float32: " + ", ".join(
        f"{kind} {difference:.0e}" for kind, difference in differences.items()
    )
    parameters, batch = inputs
    tensors = {f"param.{name}": value for name, value in parameters.items()}
    tensors["input.x0"] = batch["x0"].astype(np.int32)
    tensors["input.xt"] = batch["xt"].astype(np.int32)
    tensors["input.weight"] = batch["weight"]
    if batch["answer_starts"] is not None:
        tensors["input.answerStart"] = batch["answer_starts"].astype(np.int32)
    if any(case["config"]["model"].get(setting) for setting in ("futureLeak", "dropout", "jitter")):
        # What leaky experts saw depends on rows that no forward pass has, nor does it drop or jitter: only training can be
        # compared.
        outputs = {name: value for name, value in outputs.items() if name.split(".")[0] not in ("logits", "route")}
    for name, value in outputs.items():
        tensors[name] = value if name.startswith("loss") else value.astype(np.float32)
    metadata = {
        "config": json.dumps(case["config"]),
        "vocabularySize": str(case["vocabularySize"]),
        "seed": str(case["seed"]),
    }
    return tensors, metadata, facts, faults


def compare(fresh, metadata, committed, committed_metadata):
    """The differences between a fresh case and the committed one, as sentences; none if they agree."""
    problems = []
    for key in sorted(metadata.keys() | committed_metadata.keys()):
        if metadata.get(key) != committed_metadata.get(key):
            problems.append(f"{key}: expected {committed_metadata.get(key)}, got {metadata.get(key)}")
    for name in sorted(fresh.keys() ^ committed.keys()):
        problems.append(f"{name}: expected it in both, got it only in the {'fresh' if name in fresh else 'committed'} case")
    for name in sorted(fresh.keys() & committed.keys()):
        ours, theirs = fresh[name], committed[name]
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            problems.append(f"{name}: expected {theirs.dtype} {theirs.shape}, got {ours.dtype} {ours.shape}")
            continue
        difference = np.abs(ours.astype(np.float64) - theirs)
        # Written so that a NaN on either side is a difference.
        if not (difference <= RELATIVE * np.abs(theirs) + ABSOLUTE).all():
            problems.append(f"{name}: expected the committed values, got a difference of {np.nanmax(difference):.2e}")
    return problems


def main():
    parser = argparse.ArgumentParser(description="Write or check the golden values of the model tests.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    check = parser.parse_args().check
    torch.set_num_threads(1)
    failed = 0
    for case in CASES:
        path = GOLDENS / f"{case['name']}.safetensors"
        tensors, metadata, facts, problems = make_case(case)
        if check:
            try:
                problems = problems + compare(tensors, metadata, *read_safetensors(path))
            except (OSError, ValueError) as error:
                problems = problems + [str(error)]
        elif not problems:
            write_safetensors(path, tensors, metadata)
        print(f"{'FAIL' if problems else 'ok  '} {case['name']} ({facts})")
        for problem in problems[:5]:
            print(f"       {problem}")
        if len(problems) > 5:
            print(f"       and {len(problems) - 5} more")
        failed += bool(problems)
    for stray in sorted(GOLDENS.glob("*.safetensors")):
        if stray.stem not in {case["name"] for case in CASES}:
            print(f"FAIL {stray.stem}\n       expected a case of that name in cases.py, got none")
            failed += 1
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
