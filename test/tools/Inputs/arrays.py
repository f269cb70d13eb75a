"""Writes the arrays that the tests of the tools read; standard library only (numpy may be absent).

Usage: arrays.py DIR. Gives, for tiny.mlir:
  tiny.safetensors, tiny.npz   its weights            extra.npz, missing.npz, shape.npz, type.npz   wrong ones
  image.npy                    f32 [10, 6, 6, 4]      shape.npy, rank.npy, f64.npy, u8.npy           wrong inputs
  empty.npy                    f32 [0, 6, 6, 4]       truncated.npy, huge.npy, garbage.npy           hostile files
"""
import json
import os
import struct
import sys
import zipfile

CODES = {"f32": ("<f4", "f"), "f64": ("<f8", "d"), "u8": ("|u1", "B"), "i32": ("<i4", "i")}
STATE = {"image.range": [-1.0, 1.0, 5.0], "bn1.range": [0.0, 2.0, 5.0], "bn1.gamma": [0.5, 1.5, 1, 1, -1, 0.75, 1.25, 2],
         "bn1.beta": [0.125 * i for i in range(8)], "bn1.mean": [0.0625 * (i - 4) for i in range(8)],
         "bn1.variance": [0.5 + 0.125 * i for i in range(8)]}


def numbers(count, seed):
    """Multiples of 2^-10 in [-1, 1), the same everywhere."""
    state, values = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append((state >> 53) / 1024 - 1)
    return values


def count_of(shape):
    count = 1
    for extent in shape:
        count *= extent
    return count


def npy(shape, values, code="f32"):
    descr, letter = CODES[code]
    extents = "".join(f"{extent}, " for extent in shape)
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"<{len(values)}{letter}", *values))


def weights():
    tensors = {"conv1.weight": ([8, 3, 3, 4], numbers(288, 1)), "fc.weight": ([3, 32], numbers(96, 2))}
    tensors |= {name: ([len(values)], values) for name, values in STATE.items()}
    return tensors


def safetensors(tensors):
    header, data = {}, b""
    for name, (shape, values) in sorted(tensors.items()):
        raw = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def main(folder):
    os.makedirs(folder, exist_ok=True)

    def write(name, data):
        with open(os.path.join(folder, name), "wb") as stream:
            stream.write(data)

    def write_npz(name, tensors, code="f32"):
        with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
            for key, (shape, values) in tensors.items():
                archive.writestr(key + ".npy", npy(shape, values, code))

    write("tiny.safetensors", safetensors(weights()))
    write_npz("tiny.npz", weights())
    write_npz("extra.npz", weights() | {"fc.bias": ([3], [0, 0, 0]), "old": ([1], [0])})
    write_npz("missing.npz", {k: v for k, v in weights().items() if k not in ("fc.weight", "bn1.mean")})
    write_npz("shape.npz", weights() | {"fc.weight": ([32, 3], numbers(96, 2)), "bn1.beta": ([1], [0])})
    write_npz("type.npz", weights() | {"fc.weight": ([3, 32], numbers(96, 2))}, "f64")
    write("truncated.safetensors", safetensors(weights())[:500])

    image = numbers(10 * 144, 3)
    write("image.npy", npy([10, 6, 6, 4], image))
    write("empty.npy", npy([0, 6, 6, 4], []))
    write("shape.npy", npy([10, 6, 4, 6], image))
    write("rank.npy", npy([10, 144], image))
    write("f64.npy", npy([10, 6, 6, 4], image, "f64"))
    write("u8.npy", npy([1, 6, 6, 4], [0] * 144, "u8"))
    write("truncated.npy", npy([10, 6, 6, 4], image)[:1000])
    write("huge.npy", npy([2**40, 2**20, 6, 4], image))
    write("overflow.npy", npy([2**62, 4, 2**62, 4], image))
    write("garbage.npy", bytes(range(256)) * 4)
    write("nothing.npy", b"")


if __name__ == "__main__":
    main(sys.argv[1])
