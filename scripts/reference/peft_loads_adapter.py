#!/usr/bin/env python3
"""Shows that PEFT loads an adapter that Lathe wrote, with every key used, and gets the same logits.

    pip install torch transformers==5.18.0 peft==0.21.0
    python scripts/reference/peft_loads_adapter.py MODEL_DIR ADAPTER_DIR LOGITS.json

LOGITS.json is {"ids": [...], "logits": [[...], ...]}: token ids and Lathe's logits with the adapter, a row for every id
or only for the last ones. The model is read as float32. packages/peft/src/peft-loads-adapter.test.ts makes such files
and runs this script where Python has PEFT; name another interpreter in LATHE_PYTHON.

Prints one JSON line with the largest absolute difference and ends with 0 when keys and logits agree, else with 1.
"""

import argparse
import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import PeftModel
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file

TOLERANCE = 2e-4  # absolute, on logits


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("logits", type=Path)
    arguments = parser.parse_args()

    expected = json.loads(arguments.logits.read_text())
    stored = load_file(arguments.adapter / "adapter_model.safetensors")
    base = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    # PEFT makes fresh matrices before it reads the file: one that the file did not reach differs from it below.
    model = PeftModel.from_pretrained(base, arguments.adapter, is_trainable=True).eval()

    # Without the copy of the frozen head that PEFT adds to adapters on the output head.
    loaded = get_peft_model_state_dict(model, save_embedding_layers=False)
    missing = sorted(set(loaded) - set(stored))
    unused = sorted(set(stored) - set(loaded))
    different = sorted(
        name for name in set(stored) & set(loaded) if not torch.equal(stored[name].float(), loaded[name].float())
    )

    with torch.no_grad():
        logits = model(torch.tensor([expected["ids"]])).logits[0]
        merged = model.merge_and_unload()(torch.tensor([expected["ids"]])).logits[0]
    wanted = torch.tensor(expected["logits"])
    difference = (logits[-len(wanted) :] - wanted).abs().max().item()
    merged_difference = (merged[-len(wanted) :] - wanted).abs().max().item()

    agrees = not (missing or unused or different) and max(difference, merged_difference) <= TOLERANCE
    result = {
        "agrees": agrees,
        "keys": len(stored),
        "missingKeys": missing,
        "unusedKeys": unused,
        "differentKeys": different,
        "largestDifference": difference,
        "largestDifferenceMerged": merged_difference,
        "tolerance": TOLERANCE,
        "versions": {
            "peft": peft.__version__,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        },
    }
    print(json.dumps(result))
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
