#!/usr/bin/env python3
"""Records steps of Transformers' Adafactor with a rate from outside, for packages/train/src/adafactor.test.ts.

    pip install torch transformers==5.18.0
    python scripts/reference/adafactor.py > packages/train/fixtures/optimisers/adafactor.json
"""

import json

import torch
import transformers
from transformers.optimization import Adafactor

STEPS = 8
WEIGHT_DECAY = 0.1


def main() -> None:
    torch.manual_seed(3)
    shapes = {"matrix": (5, 7), "row": (1, 6), "vector": (9,)}
    parameters = {name: torch.nn.Parameter(torch.randn(shape)) for name, shape in shapes.items()}
    start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    optimizer = Adafactor(
        [
            {"params": [parameters["matrix"], parameters["row"]], "weight_decay": WEIGHT_DECAY},
            {"params": [parameters["vector"]], "weight_decay": 0.0},
        ],
        lr=1e-2,
        scale_parameter=False,
        relative_step=False,
    )
    steps = []
    for step in range(STEPS):
        rate = 1e-2 * (step + 1) / STEPS
        for group in optimizer.param_groups:
            group["lr"] = rate
        # The size varies by orders of magnitude: some updates are clipped and some are not.
        gradients = {name: torch.randn(shape) * 10.0 ** (step % 3 - 2) for name, shape in shapes.items()}
        for name, parameter in parameters.items():
            parameter.grad = gradients[name].clone()
        optimizer.step()
        steps.append(
            {
                "learning_rate": rate,
                "gradients": {name: tensor.flatten().tolist() for name, tensor in gradients.items()},
                "parameters": {name: tensor.detach().flatten().tolist() for name, tensor in parameters.items()},
            }
        )
    print(
        json.dumps(
            {
                "source": f"torch {torch.__version__}, transformers {transformers.__version__}, float32",
                "weight_decay": WEIGHT_DECAY,
                "shapes": shapes,
                "start": {name: tensor.flatten().tolist() for name, tensor in start.items()},
                "steps": steps,
            }
        )
    )


if __name__ == "__main__":
    main()
