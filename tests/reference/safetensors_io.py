"""
Reads and writes the safetensors format with nothing but numpy.

Layout: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the raw
little-endian data. This is not a general library: it knows the element types that checkpoints and goldens use.
"""
import json
import struct

import numpy as np

DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32, "U32": np.uint32, "U8": np.uint8}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write_safetensors(path, tensors, metadata):
    """Write numpy arrays {name: array} and string metadata {key: text}. Names are sorted, so equal input gives equal bytes."""
    header, offset, chunks = {"__metadata__": metadata}, 0, []
    # Wide elements first: every tensor then starts at a multiple of its element size, so that readers may view it in place.
    for name in sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name)):
        array = np.asarray(tensors[name], order="C")
        data = array.tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def read_safetensors(path):
    """Return ({name: array}, metadata). Raises ValueError on a truncated file or an unknown element type."""
    with open(path, "rb") as file:
        raw = file.read()
    if len(raw) < 8:
        raise ValueError(f"{path}: expected at least 8 bytes, got {len(raw)}")
    (length,) = struct.unpack("<Q", raw[:8])
    if 8 + length > len(raw):
        raise ValueError(f"{path}: expected a header of {length} bytes, got {len(raw) - 8}")
    header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{path}: {name}: expected one of {', '.join(DTYPES)}, got {entry['dtype']}")
        start, end = entry["data_offsets"]
        dtype = np.dtype(DTYPES[entry["dtype"]])
        expected = int(np.prod(entry["shape"], dtype=np.int64)) * dtype.itemsize
        if end - start != expected or end > len(body):
            raise ValueError(f"{path}: {name}: expected {expected} bytes, got {min(end, len(body)) - start}")
        tensors[name] = np.frombuffer(body[start:end], dtype).reshape(entry["shape"])
    return tensors, metadata
