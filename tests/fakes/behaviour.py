"""What the fake tools share: recording a call, and failing as told."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from tests.fakes.tools import Faults


def faults_of(program: str) -> Faults:
    """How this fake is to behave."""
    values = json.loads(Path(program).with_suffix(".json").read_text())
    return Faults(**{**values, "targets": tuple(values["targets"])})


def record(program: str, arguments: list[str]) -> None:
    """Write a call down."""
    with Path(program).with_suffix(".calls").open("a") as log:
        log.write(json.dumps(arguments) + "\n")


def fail(fault: str, program: str) -> None:
    """Fail, if that is what is asked for."""
    name = Path(program).name
    if fault == "crash":
        sys.stderr.write(f"{name}: PLEASE submit a bug report\n")
        sys.stderr.flush()
        os.abort()
    if fault == "refuse":
        sys.stderr.write("design.mlir:7:3: error: 'aie.tile' op no\n")
        sys.exit(1)
    if fault == "full":
        sys.stderr.write(f"{name}: error: unable to write: No space left on device\n")
        sys.exit(1)
    if fault == "hang":
        time.sleep(3600)
