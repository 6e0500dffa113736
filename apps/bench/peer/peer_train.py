"""LoRA training steps with PyTorch, Transformers and PEFT: the same rows, adapter, loss, clipping and optimiser as Lathe's."""

import json
import time

import torch
from peft import LoraConfig, get_peft_model

from peer_common import finish, peak_resident_bytes, random_model, read_job

UNSCORED = -100

# torch.compile compiles the forward pass, then the backward pass, and once more when lengths turn out to differ.
COMPILING_STEPS = 3

# What starting and building the model take of the time that a peer has.
SPARE_SECONDS = 60


def padded(rows):
    """A batch as tensors, padded to its longest row."""
    longest = max(len(row["inputIds"]) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full((len(rows), longest), UNSCORED, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for place, row in enumerate(rows):
        length = len(row["inputIds"])
        ids[place, :length] = torch.tensor(row["inputIds"])
        labels[place, :length] = torch.tensor(row["labels"])
        mask[place, :length] = 1
    batch = {"input_ids": ids, "labels": labels}
    # Rows of one length need no mask, and attention is faster without.
    return batch if bool(mask.all()) else {**batch, "attention_mask": mask}


job = read_job()
model = get_peft_model(
    random_model(job["config"], job["dtype"]),
    LoraConfig(
        r=job["rank"],
        lora_alpha=job["alpha"],
        target_modules=job["targets"],
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    ),
)
if job["checkpointing"]:
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
model.train()
trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimiser = torch.optim.AdamW(trainable, lr=job["learningRate"], weight_decay=0.0)
forward = torch.compile(model) if job["compile"] else model

# The first steps of a compiled model compile it; they are taken before the job's own and repeat its first batch.
extra = max(0, COMPILING_STEPS - job["warmUp"]) if job["compile"] else 0
warm_up = extra + job["warmUp"]

begun = time.perf_counter()
steps, losses = [], []
for step in range(warm_up + job["repeats"]):
    rows = job["batches"][max(0, step - extra) % len(job["batches"])]
    started = time.perf_counter()
    loss = forward(**padded(rows), use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    losses.append(loss.item())
    seconds = time.perf_counter() - started
    print(json.dumps({"step": step + 1, "of": warm_up + job["repeats"], "seconds": seconds}), flush=True)
    if step >= warm_up:
        steps.append({"seconds": seconds, "tokens": sum(len(row["inputIds"]) for row in rows)})
        # A peer that would pass its time is content with fewer steps.
        if time.perf_counter() - begun + seconds > job["timeout"] - SPARE_SECONDS:
            break

finish(
    {
        "steps": steps,
        "firstLoss": losses[0],
        "lastLoss": losses[-1],
        "trainableParameters": sum(parameter.numel() for parameter in trainable),
        "peakResidentBytes": peak_resident_bytes(),
    }
)
