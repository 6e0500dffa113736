"""Writes packages/quant/fixtures/nf4.safetensors: matrices quantised to nf4 as bitsandbytes lays them out in files.

A computation of its own in PyTorch, from the papers (NormalFloat and double quantisation: arXiv:2305.14314; the dynamic
8-bit map: arXiv:2110.02861) and the names and shapes that model folders on the Hugging Face hub have. Blocks of 64 run
on over the flattened matrix, codes are found by the smallest distance to the code book, and scales likewise, 256 at a
time after their mean is taken off.

For each case the file holds `<case>.original`, `<case>.dequantised` (float32) and the tensors that a folder would have
for a linear of the name `<case>`.

Needs Python 3.11 with torch and safetensors. From the root of the repository:

    python scripts/reference/nf4.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

SEED = 20261123
TARGET = Path(__file__).resolve().parents[2] / "packages" / "quant" / "fixtures" / "nf4.safetensors"
BLOCK = 64
GROUP = 256

# The 16 values of the paper's appendix E.
CODE_BOOK = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])  # fmt: skip


def dynamic_map() -> torch.Tensor:
    """Zero, one and, for each decimal exponent from -6 to 0, 1, 2, 4, … 64 fractions of either sign."""
    values = [torch.tensor([0.0, 1.0])]
    for exponent in range(7):
        edges = torch.linspace(0.1, 1, 2**exponent + 1)
        means = 10.0 ** (exponent - 6) * ((edges[1:] + edges[:-1]) / 2)
        values += [means, -means]
    return torch.cat(values).sort().values


def blockwise(values: torch.Tensor, size: int, book: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes of the nearest values, the largest magnitude of each block, and what both stand for."""
    codes, scales, restored = [], [], []
    for block in values.split(size):
        scale = block.abs().max()
        distances = (block * (1 / scale))[:, None] - book
        code = distances.abs().argmin(dim=1)
        codes.append(code)
        scales.append(scale)
        restored.append(book[code] * scale)
    return torch.cat(codes).to(torch.uint8), torch.stack(scales), torch.cat(restored)


def case(name: str, original: torch.Tensor, nested: bool) -> dict[str, torch.Tensor]:
    flat = original.float().flatten()
    codes, scales, _ = blockwise(flat, BLOCK, CODE_BOOK)
    padded = torch.cat([codes, torch.full((codes.numel() % 2,), 7, dtype=torch.uint8)])
    state = {
        "quant_type": "nf4",
        "blocksize": BLOCK,
        "dtype": str(original.dtype).removeprefix("torch."),
        "shape": list(original.shape),
    }
    weight = f"{name}.weight"
    tensors = {
        f"{name}.original": original,
        weight: ((padded[0::2] << 4) | padded[1::2])[:, None],
        f"{weight}.quant_map": CODE_BOOK.clone(),
    }
    if nested:
        offset = scales.double().mean().float()
        book = dynamic_map()
        scale_codes, groups, deviations = blockwise(scales - offset, GROUP, book)
        scales = deviations + offset
        tensors |= {
            f"{weight}.absmax": scale_codes,
            f"{weight}.nested_absmax": groups,
            f"{weight}.nested_quant_map": book,
        }
        state |= {"nested_blocksize": GROUP, "nested_dtype": "float32", "nested_offset": offset.item()}
    else:
        tensors[f"{weight}.absmax"] = scales
    state_bytes = json.dumps(state).encode()
    tensors[f"{weight}.quant_state.bitsandbytes__nf4"] = torch.tensor(list(state_bytes), dtype=torch.uint8)
    factors = scales.repeat_interleave(BLOCK)[: flat.numel()]
    tensors[f"{name}.dequantised"] = (CODE_BOOK[codes.long()] * factors).reshape(original.shape)
    return tensors


def main() -> None:
    generator = torch.Generator().manual_seed(SEED)

    def normal(*shape: int) -> torch.Tensor:
        return 0.02 * torch.randn(shape, generator=generator)

    tensors = (
        case("float32", normal(8, 128), nested=True)
        | case("bfloat16", normal(257, 64).bfloat16(), nested=True)  # more blocks than a group of scales has
        | case("float16", normal(4, 192).half(), nested=True)
        | case("plain", normal(4, 128), nested=False)
        | case("across_rows", normal(6, 96), nested=True)  # the second block lies in two rows
        | case("odd", normal(3, 43), nested=True)
    )
    save_file(tensors, TARGET)


if __name__ == "__main__":
    main()
