"""A virtual X screen: started, clicked on, and photographed."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path
from types import TracebackType

SIZE = (1500, 900)


def why_not() -> str | None:
    """Return the reason to skip, None where a virtual screen can be had."""
    missing = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
    return f"{' and '.join(missing)} not installed (Debian: apt-get install xvfb xdotool)" if missing else None


class Screen:
    """An Xvfb with a frame buffer in a file.

    Parameters
    ----------
    folder : Path
        Where the frame buffer lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        width, height = SIZE
        self._process = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                "1",
                "-screen",
                "0",
                f"{width}x{height}x24",
                "-fbdir",
                str(folder),
                "-nolisten",
                "tcp",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.display = ":" + self._process.stdout.readline().strip()

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def click(self, x: int, y: int) -> None:
        """Click on a point of the screen."""
        self._do("mousemove", str(x), str(y))
        time.sleep(0.2)
        self._do("click", "1")

    def key(self, *keys: str) -> None:
        """Press keys, as xdotool names them."""
        self._do("key", *keys)

    def _do(self, *arguments: str) -> None:
        subprocess.run(
            ["xdotool", *arguments], env={"DISPLAY": self.display, "PATH": "/usr/bin:/bin"}, check=True, timeout=30
        )

    def photograph(self, path: Path) -> None:
        """Write what is on the screen as a PNG file."""
        data = (self._folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        width, height, per_line = header[4], header[5], header[12]
        start = header[0] + header[19] * 12  # the header with its name, then the colour map
        rows = bytearray()
        for y in range(height):
            line = data[start + y * per_line : start + y * per_line + width * 4]
            rgb = bytearray(width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = line[2::4], line[1::4], line[0::4]
            rows += b"\x00" + rgb
        png = b"\x89PNG\r\n\x1a\n"
        for name, content in (
            (b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes(rows), 9)),
            (b"IEND", b""),
        ):
            png += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        path.write_bytes(png)
