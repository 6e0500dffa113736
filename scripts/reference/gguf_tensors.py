"""Hashes of the tensors that llama.cpp's own Python package makes of the tiny models, and blocks that its library makes.

usage: python gguf_tensors.py packages/model/fixtures/models packages/export/fixtures/tensors.json
       python gguf_tensors.py --blocks libggml-base.so packages/export/fixtures/blocks.json

Names by gguf.get_tensor_name_map, bytes by gguf.quants.quantize, rows of q and k of llama turned, and keys and values of deepseek2 split
and its experts stacked, as its converter does; blocks by ggml_quantize_chunk of the library, without an importance matrix. gguf 0.19.0, numpy 2.4.6, llama.cpp as node-llama-cpp 3.22.1 ships it.
"""

import base64
import ctypes
import hashlib
import json
import sys

import gguf
import numpy as np

TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0"]
ARCHITECTURES = {"qwen2": gguf.MODEL_ARCH.QWEN2, "llama": gguf.MODEL_ARCH.LLAMA, "qwen3": gguf.MODEL_ARCH.QWEN3}
ARCHITECTURES |= {name: gguf.MODEL_ARCH.DEEPSEEK2 for name in ("deepseek_v3", "deepseek_v3_lite", "glm4_moe_lite")}
BLOCKS = {"q8_0": (8, 32, 34), "q4_0": (2, 32, 18), "q5_0": (6, 32, 22), "q4_k": (12, 256, 144), "q6_k": (14, 256, 210)}


def tensors_of(folder):
    with open(f"{folder}/model.safetensors", "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = file.read()
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            start, end = entry["data_offsets"]
            yield name, np.frombuffer(data[start:end], dtype=np.float32).reshape(entry["shape"])


def turned(weights, heads):
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def as_deepseek2(tensors, config):
    """The tensors of DeepSeek-V3 as llama.cpp's converter names and shapes them before it looks their names up."""
    experts = {}
    for name, values in tensors:
        layer = int(name.split(".")[2]) if name.startswith("model.layers.") else -1
        if layer >= config["num_hidden_layers"]:
            continue
        if ".mlp.experts." in name:
            before, _, after = name.partition(".experts.")
            number, _, rest = after.partition(".")
            experts.setdefault(f"{before}.experts.{rest}", {})[int(number)] = values
        elif name.endswith("kv_b_proj.weight"):
            still, size = config["qk_nope_head_dim"], config["v_head_dim"]
            heads = values.reshape(config["num_attention_heads"], still + size, values.shape[-1])
            yield name.replace("kv_b_proj", "k_b_proj"), heads[:, :still].swapaxes(1, 2)
            yield name.replace("kv_b_proj", "v_b_proj"), heads[:, still:]
        else:
            yield name.replace("e_score_correction_bias", "e_score_correction.bias"), values
    for name, numbered in experts.items():
        yield name, np.stack([numbered[number] for number in sorted(numbered)])


def hashes(folder, architecture):
    config = json.load(open(f"{folder}/config.json"))
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], config["num_hidden_layers"])
    result = {}
    for kind in TYPES:
        result[kind] = {}
        tensors = tensors_of(folder)
        if ARCHITECTURES[architecture] == gguf.MODEL_ARCH.DEEPSEEK2:
            tensors = as_deepseek2(tensors, config)
        for name, values in tensors:
            if architecture == "llama" and "q_proj" in name:
                values = turned(values, config["num_attention_heads"])
            if architecture == "llama" and "k_proj" in name:
                values = turned(values, config["num_key_value_heads"])
            wanted = "F32" if values.ndim == 1 or name.endswith("mlp.gate.weight") else kind
            # As the converter does where a row is no whole number of blocks.
            if wanted in ("Q8_0", "Q4_0") and values.shape[-1] % 32 != 0:
                wanted = "F16"
            # llama-quantize gives the head more bits, in blocks that the package does not make.
            if kind == "Q4_0" and (name == "lm_head.weight" or (config["tie_word_embeddings"] and "embed" in name)):
                continue
            encoded = gguf.quants.quantize(np.ascontiguousarray(values), getattr(gguf.GGMLQuantizationType, wanted))
            key = names.get_name(name, try_suffixes=(".weight", ".bias"))
            result[kind][key] = hashlib.sha256(encoded.tobytes()).hexdigest()[:16]
    return result


def block_inputs():
    state = 1

    def following():
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return state / 2**32

    values = []
    for block in range(16):
        for i in range(256):
            bell = following() + following() + following() + following() - 2
            if block < 8:
                values.append(bell / 16)
                continue
            one, other = following(), following()
            edges = [0, 0.5, one, -other, bell * 2**-40, 8 if i == 77 else bell / 64, bell if i % 32 == 0 else 0]
            values.append((edges + [bell if i < 128 else bell * 2**-30])[block - 8])
    return np.array(values, dtype=np.float32)


def blocks(library):
    ggml = ctypes.CDLL(library)
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    values = block_inputs()
    result = {}
    for name, (number, count, size) in BLOCKS.items():
        encoded = np.zeros(len(values) // count * size, dtype=np.uint8)
        assert ggml.ggml_quantize_chunk(number, values.ctypes.data, encoded.ctypes.data, 0, 16, 256, None) == len(encoded)
        decoded = gguf.quants.dequantize(encoded.reshape(16, -1), gguf.GGMLQuantizationType(number)).astype(np.float32)
        digest = hashlib.sha256(decoded.tobytes()).hexdigest()
        result[name] = {"blocks": base64.b64encode(encoded.tobytes()).decode(), "decoded": digest}
    return result


if sys.argv[1] == "--blocks":
    result, output = blocks(sys.argv[2]), sys.argv[3]
else:
    result, output = {name: hashes(f"{sys.argv[1]}/{name}", name) for name in ARCHITECTURES}, sys.argv[2]
with open(output, "w") as file:
    json.dump(result, file, indent=2)
    file.write("\n")
