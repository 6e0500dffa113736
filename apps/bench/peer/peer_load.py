"""Opens a model folder with Transformers and computes the first token."""

import time

import torch
from transformers import AutoModelForCausalLM

from peer_common import DTYPES, finish, peak_resident_bytes, read_job


def now():
    """Milliseconds since 1970, as the process that started this one counts too."""
    return time.time() * 1000


imported = now()
job = read_job()
model = AutoModelForCausalLM.from_pretrained(job["folder"], dtype=DTYPES[job["dtype"]], local_files_only=True).eval()
loaded = now()
prompt = torch.tensor([job["prompt"]])
with torch.inference_mode():
    model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=1,
        do_sample=False,
        pad_token_id=0,
    )
finish(
    {
        "importedAt": imported,
        "loadedAt": loaded,
        "firstTokenAt": now(),
        "peakResidentBytes": peak_resident_bytes(),
    }
)
