"""Continues one sequence greedily with Transformers, on a model of random weights."""

import time

import torch

from peer_common import finish, peak_resident_bytes, random_model, read_job


class Clock:
    """A streamer that notes when each token comes."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


job = read_job()
model = random_model(job["config"], job["dtype"]).eval()
prompt = torch.tensor([job["prompt"]])
count = job["warmUp"] + job["tokens"]
clock = Clock()
started = time.perf_counter()
with torch.inference_mode():
    model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=count,
        min_new_tokens=count,
        do_sample=False,
        pad_token_id=0,
        streamer=clock,
    )
# The prompt is put first.
times = clock.times[1:]
body = [parameter for name, parameter in model.named_parameters() if "embed_tokens" not in name]
head = model.get_output_embeddings().weight
weights = {id(parameter): parameter for parameter in [*body, head]}.values()
finish(
    {
        "seconds": [times[i] - times[i - 1] for i in range(job["warmUp"], len(times))],
        "firstTokenSeconds": times[0] - started,
        "weightBytes": sum(parameter.numel() * parameter.element_size() for parameter in weights),
        "peakResidentBytes": peak_resident_bytes(),
    }
)
