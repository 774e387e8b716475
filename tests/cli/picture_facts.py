"""Prints what pictures hold, a line each: PBM size and bytes, PNG size, SVG runs."""
import pathlib
import struct
import sys
import xml.etree.ElementTree

for name in sys.argv[1:]:
    data = pathlib.Path(name).read_bytes()
    if name.endswith(".pbm"):
        magic, size, pixels = data.split(b"\n", 2)
        assert magic == b"P4"
        width, height = map(int, size.split())
        print(f"pbm {width} x {height} {pixels.hex(' ')}")
    elif name.endswith(".png"):
        assert data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR"
        print("png {} x {}".format(*struct.unpack(">II", data[16:24])))
    else:
        path = xml.etree.ElementTree.fromstring(data).find("{http://www.w3.org/2000/svg}path")
        print(f"svg {path.get('d').count('M')} runs")
