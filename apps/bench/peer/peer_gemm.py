"""Products of activations with a weight as PyTorch computes them: y = x Wᵀ, or dx = dy W."""

import time

import torch

from peer_common import DTYPES, finish, read_job

job = read_job()
products = []
for shape in job["shapes"]:
    rows, out_features, in_features = shape["rows"], shape["outFeatures"], shape["inFeatures"]
    for name in job["dtypes"]:
        dtype = DTYPES[name]
        weight = (torch.randn(out_features, in_features) * 0.02).to(dtype)
        is_forward = job["direction"] == "forward"
        x = torch.randn(rows, in_features if is_forward else out_features).to(dtype)
        times = []
        with torch.inference_mode():
            begun = None
            while True:
                started = time.perf_counter()
                torch.nn.functional.linear(x, weight) if is_forward else torch.matmul(x, weight)
                ended = time.perf_counter()
                if begun is None:
                    # The first run does not count, unless it alone used up the time.
                    begun = ended
                    if ended - started < job["budget"]:
                        continue
                times.append(ended - started)
                if len(times) >= job["repeats"] or ended - begun >= job["budget"] or ended - started >= job["budget"]:
                    break
        products.append({**shape, "kind": name, "seconds": times})

finish({"products": products})
