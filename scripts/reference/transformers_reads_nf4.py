#!/usr/bin/env python3
"""Shows that a folder which Lathe packed as nf4 means the same to Transformers.

    pip install torch transformers==5.18.0 accelerate
    python scripts/reference/transformers_reads_nf4.py MODEL_DIR LOGITS.json

LOGITS.json is {"ids": [...], "logits": [[...], ...]}: token ids and Lathe's logits, a row for every id. Transformers reads
the folder's config with its own class for bitsandbytes. The linears are unpacked here by what bitsandbytes says of its
tensors, and the model runs in float32: bitsandbytes itself is not needed, nor a graphics card.
packages/quant/src/transformers-reads-nf4.test.ts makes such files and runs this script where Python has Transformers; name
another interpreter in LATHE_PYTHON.

Prints one JSON line with the largest absolute difference and ends with 0 when the logits agree, else with 1.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers.quantizers.auto import AutoQuantizationConfig

TOLERANCE = 2e-4  # absolute, on logits
STATE = ".quant_state.bitsandbytes__nf4"


def unpacked(tensors: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    """A linear's weights [O, I] in float32. Takes its tensors out of the dictionary."""
    state = json.loads(bytes(tensors.pop(name + STATE).numpy()))
    assert (state["quant_type"], state["blocksize"], state["nested_blocksize"]) == ("nf4", 64, 256), state
    pairs = tensors.pop(name).flatten()
    codes = torch.stack([pairs >> 4, pairs & 15], dim=1).flatten().long()
    groups = tensors.pop(f"{name}.nested_absmax").repeat_interleave(256)
    scale_codes = tensors.pop(f"{name}.absmax").long()
    deviations = tensors.pop(f"{name}.nested_quant_map")[scale_codes] * groups[: len(scale_codes)]
    scales = deviations + state["nested_offset"]
    places = tensors.pop(f"{name}.quant_map")[codes]
    return (places.view(-1, 64) * scales[:, None]).view(state["shape"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("logits", type=Path)
    arguments = parser.parse_args()

    expected = json.loads(arguments.logits.read_text())
    config = transformers.AutoConfig.from_pretrained(arguments.model)
    quantization = AutoQuantizationConfig.from_dict(config.quantization_config)
    del config.quantization_config

    tensors = load_file(arguments.model / "model.safetensors")
    packed = [name.removesuffix(STATE) for name in tensors if name.endswith(STATE)]
    for name in packed:
        tensors[name] = unpacked(tensors, name)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    missing, unused = model.load_state_dict(tensors, strict=False)
    # A tied head is no tensor of its own.
    missing = [name for name in missing if not (name == "lm_head.weight" and config.tie_word_embeddings)]
    # Linears that Transformers would look for packed, by the config: all that are not named there.
    linears = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    wanted = {f"{name}.weight" for name in linears - set(quantization.llm_int8_skip_modules)}

    with torch.no_grad():
        logits = model(torch.tensor([expected["ids"]])).logits[0]
    difference = (logits - torch.tensor(expected["logits"])).abs().max().item()
    is_nf4 = quantization.load_in_4bit and quantization.bnb_4bit_quant_type == "nf4"
    agrees = bool(
        is_nf4 and wanted == set(packed) and not missing and not unused and difference <= TOLERANCE
    )
    result = {
        "agrees": agrees,
        "packed": len(packed),
        "notPacked": sorted(wanted - set(packed)),
        "missingKeys": missing,
        "unusedKeys": unused,
        "largestDifference": difference,
        "tolerance": TOLERANCE,
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__},
    }
    print(json.dumps(result))
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
