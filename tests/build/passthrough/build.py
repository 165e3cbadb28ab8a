"""Builds the passthrough design; run in a checkout. Prints what ran and what was noted, as JSON.

Arguments: artifacts folder, factor, objects of the sequence, `count` or nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aiebuild.build.driver import Options, build
from aiebuild.build.execute import Silent
from aiebuild.build.fresh import Request
from aiebuild.designs.spec import Design, KernelSpec, OverlaySpec, SequenceSpec
from aiebuild.errors import AiebuildError

OBJECT = 256


def passthrough(factor: int, objects: int, depth: int = 2) -> Design:
    """One core between two objectfifos of 256-byte objects; one sequence that sends `objects` of them."""
    fabric = {"device": "npu1", "object": f"memref<{OBJECT}xi8>", "depth": depth}
    size = objects * OBJECT
    transfer = {"type": f"memref<{size}xi8>", "offset": 0, "length": size, "sizes": [1, 1, 1, size]}
    transfer |= {"strides": [0, 0, 0, 1]}
    values = {"input": {**transfer, "argument": "%in"}, "output": {**transfer, "argument": "%out"}}
    sequence = SequenceSpec("all", "passthrough_sequence.mlir.j2", {**fabric, "name": "all", **values})
    kernel = KernelSpec("scale.cc", (("FACTOR", str(factor)),) if factor != 1 else ())
    template = "passthrough.mlir.j2"
    overlay = OverlaySpec("passthrough", template, {**fabric, "bytes": OBJECT}, (kernel,), (sequence,))
    return Design("passthrough", "npu1", (overlay,))


def main(artifacts: str, factor: str, objects: str, *rest: str) -> int:
    reporter = Silent()
    variant = f"factor {factor}, {objects} objects{', deep' if 'deep' in rest else ''}"
    request = Request("passthrough-npu1-host", counting="count" in rest, variant=variant)
    depth = 200 if "deep" in rest else 2
    try:
        build(
            Path(artifacts), request, lambda: passthrough(int(factor), int(objects), depth), reporter, Options(2, True)
        )
    except AiebuildError as error:
        print(json.dumps({"error": str(error), "detail": error.detail, "code": error.exit_code}))
        return 0
    print(json.dumps({"steps": reporter.steps, "notes": reporter.notes}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
