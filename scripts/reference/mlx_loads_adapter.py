#!/usr/bin/env python3
"""Loads an exported MLX adapter in mlx-lm itself and holds its logits to those of PEFT with the adapter that it was made of.

    pip install "mlx[cpu]" mlx-lm torch transformers==5.18.0 peft==0.21.0     (mlx alone on Apple's machines)
    python scripts/reference/mlx_loads_adapter.py MODEL_DIR PEFT_DIR MLX_DIR

packages/recipes/src/export/export-python.test.ts runs it where Python has them. Prints one JSON line: adapter parameters that the
file has not, and the largest absolute difference of logits; ends with 0 when nothing is amiss, else with 1.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import torch
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load_model
from peft import PeftModel
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-4  # absolute, on logits



def in_classic_spelling(folder, copy):
    """mlx-lm reads rope_theta and rope_scaling, not the rope_parameters that Transformers 5 writes."""
    shutil.copytree(folder, copy)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    rope = config.pop("rope_parameters", None) or {}
    if "rope_theta" in rope:
        config["rope_theta"] = rope.pop("rope_theta")
    if rope.get("rope_type", "default") != "default":
        config["rope_scaling"] = rope
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return copy


model_folder, peft_folder, mlx_folder = map(Path, sys.argv[1:4])
with tempfile.TemporaryDirectory() as temporary:
    model, config = load_model(in_classic_spelling(model_folder, Path(temporary) / "model"))
    model.set_dtype(mx.float32)
    # Weights are read when they are asked for, while the folder is there.
    mx.eval(model.parameters())
# Refuses tensors that no layer takes, and other shapes.
model = load_adapters(model, str(mlx_folder))
model.eval()
adapted = {name for name, _ in tree_flatten(model.parameters()) if name.rsplit(".", 1)[-1] in ("lora_a", "lora_b", "m")}
missing = sorted(adapted - set(mx.load(str(mlx_folder / "adapters.safetensors"))))

ids = [[(7 * place * place + 3 * place + 5) % config["vocab_size"] for place in range(24)]]
base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
peer = PeftModel.from_pretrained(base, peft_folder).eval()
with torch.no_grad():
    wanted = peer(torch.tensor(ids)).logits
got = torch.tensor(model(mx.array(ids)).astype(mx.float32).tolist())
difference = float((got - wanted).abs().max())
print(json.dumps({"missing": missing, "difference": difference, "adapted": len(adapted)}))
sys.exit(0 if not missing and adapted and difference < TOLERANCE else 1)
