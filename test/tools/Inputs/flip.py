"""Flips the lowest bit of some f32 elements of a .npy file.

Usage: flip.py IN INDEX... OUT
"""
import sys

path, indices, output = sys.argv[1], sys.argv[2:-1], sys.argv[-1]
with open(path, "rb") as stream:
    data = bytearray(stream.read())
start = 10 + int.from_bytes(data[8:10], "little")
for index in indices:
    data[start + 4 * int(index)] ^= 1
with open(output, "wb") as stream:
    stream.write(data)
