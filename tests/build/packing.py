"""A pack function for tests of the build: it reverses its inputs."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiebuild.errors import BuildError
from aiebuild.manifest.types import Buffer, Layout, Packed


def reverse(inputs: tuple[Path, ...], parameters: Mapping[str, Any]) -> Packed:
    """The inputs' bytes, reversed, a buffer each. `seconds`: wait first; `fail`: raise this; `full`: no room left."""
    time.sleep(parameters.get("seconds", 0))
    if "fail" in parameters:
        raise BuildError(parameters["fail"], hint="do not ask for it")
    if parameters.get("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    chunks = tuple(path.read_bytes()[::-1] for path in inputs)
    buffers: list[Buffer] = []
    offset = 0
    for path, chunk in zip(inputs, chunks, strict=True):
        layout = Layout("row_major", "int8", (len(chunk),))
        buffers.append(Buffer(path.name, len(chunk), offset, layout=layout, scale=0.5))
        offset += len(chunk)
    return Packed(chunks, tuple(buffers), {"inputs": len(inputs)})
