#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""png-summary.py < FILE.png: width, height, and the most frequent colours with their share in percent, one a line.

Reads what browsers write: 8 bits a channel, RGB or RGBA, not interlaced (https://www.w3.org/TR/png-3/).
"""
import collections
import struct
import sys
import zlib


def chunks(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        sys.exit("not a PNG file")
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def paeth(left, up, corner):
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


PREDICTORS = [
    lambda left, up, corner: 0,
    lambda left, up, corner: left,
    lambda left, up, corner: up,
    lambda left, up, corner: (left + up) // 2,
    paeth,
]


def rows(raw, stride, channels, height):
    above = bytearray(stride)
    for number in range(height):
        start = number * (stride + 1)
        predict = PREDICTORS[raw[start]]
        row = bytearray(raw[start + 1 : start + 1 + stride])
        if raw[start] != 0:
            for i in range(stride):
                left = row[i - channels] if i >= channels else 0
                corner = above[i - channels] if i >= channels else 0
                row[i] = (row[i] + predict(left, above[i], corner)) & 255
        yield row
        above = row


def main():
    found = collections.defaultdict(bytes)
    for kind, content in chunks(sys.stdin.buffer.read()):
        found[kind] += content
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", found[b"IHDR"])
    if depth != 8 or colour not in (2, 6) or interlace:
        sys.exit("a kind of PNG that is not read here")
    channels = 3 if colour == 2 else 4
    raw = zlib.decompress(found[b"IDAT"])
    count = collections.Counter()
    for row in rows(raw, width * channels, channels, height):
        count.update(bytes(row[i : i + 3]) for i in range(0, len(row), channels))
    print(width, height)
    for pixel, n in count.most_common(8):
        print("#" + pixel.hex(), n * 100 // (width * height))


main()
