"""What the peers' scripts share: reading a job, building a model of random weights, and the peak of memory.

A script is run as `python SCRIPT JOB.json` and prints its outcome as one JSON object in the last line of stdout.
"""

import json
import os
import resource
import sys

import torch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def read_job():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count())
    return job


def model_config(config):
    """A Transformers config from the keys of a config.json, in the spelling that the installed version takes."""
    from transformers import Qwen2Config

    names = {"model_type", "architectures"}
    values = {key: value for key, value in config.items() if key not in names}
    theta = values.pop("rope_theta")
    try:
        return Qwen2Config(**values, rope_parameters={"rope_type": "default", "rope_theta": theta})
    except TypeError:
        return Qwen2Config(**values, rope_theta=theta)


def random_model(config, dtype):
    from transformers import Qwen2ForCausalLM

    before = torch.get_default_dtype()
    torch.set_default_dtype(DTYPES[dtype])
    try:
        return Qwen2ForCausalLM(model_config(config))
    finally:
        torch.set_default_dtype(before)


def peak_resident_bytes():
    """The high-water mark of this address space; ru_maxrss may begin at the size of the process that started this one."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def finish(outcome):
    print(json.dumps(outcome), flush=True)
