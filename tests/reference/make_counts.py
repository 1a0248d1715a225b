"""
Counts the parameters of every golden case with PyTorch, and the operations of the dense ones: for the accounting.

    /usr/bin/python3 tests/reference/make_counts.py            writes goldens/counts.json
    /usr/bin/python3 tests/reference/make_counts.py --check    compares; exit code 1 if it differs

Operations are those that PyTorch's profiler attributes to matrix products in a forward pass of the model as it stands.
The reference computes every expert for every token, so only a dense model spends there what it spends in the engine.
"""
import argparse
import json
import sys
from pathlib import Path

import torch

from cases import CASES
from model import forward, parameter_shapes

COUNTS = Path(__file__).resolve().parent / "goldens" / "counts.json"
PRODUCTS = {"aten::mm", "aten::bmm", "aten::addmm"}


def count(case):
    config, V = case["config"], case["vocabularySize"]
    parameters = torch.nn.ParameterDict(
        # A ParameterDict's names may hold no dots.
        {name.replace(".", "/"): torch.ones(shape) for name, shape in parameter_shapes(config["model"], V).items()}
    )
    counted = {"parameters": sum(parameter.numel() for parameter in parameters.parameters())}
    if config["model"]["feedForward"] == "dense":
        B, T = config["training"]["batchSize"], config["data"]["sequenceLength"]
        named = {name.replace("/", "."): parameter for name, parameter in parameters.items()}
        with torch.no_grad(), torch.profiler.profile(with_flops=True) as profile:
            visible = torch.ones((T, T), dtype=torch.bool)
            forward(named, config["model"], torch.zeros((B, T), dtype=torch.long), torch.arange(T), visible)
        flops = sum(event.flops for event in profile.key_averages() if event.key in PRODUCTS)
        counted["inferenceFlopsPerToken"] = flops / (B * T)
    return {"name": case["name"], "vocabularySize": V, "config": config, **counted}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true")
    fresh = [count(case) for case in CASES]
    if not arguments.parse_args().check:
        COUNTS.write_text(json.dumps(fresh, indent=1) + "\n")
        return
    same = json.loads(COUNTS.read_text()) == json.loads(json.dumps(fresh))
    print(f"{len(fresh)} cases counted, {'equal to' if same else 'different from'} {COUNTS.name}")
    sys.exit(0 if same else 1)


main()
