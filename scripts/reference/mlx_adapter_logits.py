#!/usr/bin/env python3
"""Holds an exported MLX adapter to the adapter of PEFT that it was made of, by the rules of mlx-lm's loader, where mlx is not to be had;
mlx_loads_adapter.py beside it runs the loader itself.

    pip install torch transformers==5.18.0 peft==0.21.0
    python scripts/reference/mlx_adapter_logits.py MODEL_DIR PEFT_DIR MLX_DIR

mlx-lm's `load_adapters` puts a LoRA layer, of the rank and scale that adapter_config.json has, in place of each linear whose name within its
layer is among `keys`, in the last `num_layers` layers, and then loads adapters.safetensors over them; a linear of DoRA divides the sum
of weight and update by the norms of its rows and multiplies by `m`. This does the same to the weights of a model in PyTorch.
packages/recipes/src/export/export-python.test.ts runs it where Python has PEFT.

Prints one JSON line: tensors that no layer takes, tensors that a layer lacks, shapes that do not fit, and the largest
absolute difference of logits; ends with 0 when nothing is amiss, else with 1.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-4  # absolute, on logits


def apply_as_mlx(model, folder):
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapters.safetensors")
    parameters = config["lora_parameters"]
    rank, scale, keys = parameters["rank"], parameters["scale"], set(parameters["keys"])
    is_dora = config["fine_tune_type"] == "dora"
    wanted = {}
    layers = model.model.layers
    for number in range(len(layers) - config["num_layers"], len(layers)):
        for name, module in layers[number].named_modules():
            if name not in keys:
                continue
            outputs, inputs = module.weight.shape
            shapes = {"lora_a": (inputs, rank), "lora_b": (rank, outputs), **({"m": (outputs,)} if is_dora else {})}
            place = f"model.layers.{number}.{name}"
            wanted |= {f"{place}.{kind}": shape for kind, shape in shapes.items()}
            if any(f"{place}.{kind}" not in tensors for kind in shapes):
                continue
            update = scale * (tensors[f"{place}.lora_a"] @ tensors[f"{place}.lora_b"]).T
            weight = module.weight.data + update
            if is_dora:
                weight *= (tensors[f"{place}.m"] / weight.norm(dim=1))[:, None]
            module.weight.data = weight
    return {
        "unused": sorted(set(tensors) - set(wanted)),
        "missing": sorted(set(wanted) - set(tensors)),
        "misshapen": sorted(name for name in wanted if name in tensors and tuple(tensors[name].shape) != wanted[name]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "peft", "mlx"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    load = lambda: AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()  # noqa: E731
    ours = load()
    report = apply_as_mlx(ours, args.mlx)
    ids = torch.arange(3, 67)[None] % ours.config.vocab_size
    with torch.no_grad():
        expected = PeftModel.from_pretrained(load(), args.peft).eval()(ids).logits
        base = load()(ids).logits
        actual = ours(ids).logits
    report["difference"] = (actual - expected).abs().max().item()
    report["effect"] = (base - expected).abs().max().item()
    print(json.dumps(report))
    faults = report["unused"] or report["missing"] or report["misshapen"]
    return 1 if faults or not report["difference"] <= TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
