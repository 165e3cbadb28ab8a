"""A planned design, remembered in the build folder while nothing it comes from has changed.

Planning the sequences of a model takes seconds, and a changed kernel or template changes none of them. What is
remembered carries a digest of the sources of the packages that plan, of the configurations, and of what was asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aiebuild.build.inputs import library_version, package_digest
from aiebuild.designs.spec import Design, SequenceSpec, Written, canonical, digest_of
from aiebuild.manifest.store import sha256_of
from aiebuild.resources import configs_dir, resource_root

PLANNING = (
    "build/remember.py", "config", "designs", "dialect", "errors.py", "manifest", "resources.py", "target", "weights",
)  # fmt: skip
"""Packages and modules that a design comes from: `designs`, and what it may import."""
_DIGEST = 64


def remembered(path: Path, asked: object, plan: Callable[[], Design]) -> Design:
    """What `plan` returns, from `path` if that holds what was planned for the same `asked` (JSON values) by the same
    sources; else planned, and remembered there. Parameters of sequences come as texts (`Written`)."""
    key = _key(asked)
    with contextlib.suppress(OSError):
        data = path.read_bytes()
        design = data[2 * _DIGEST :]
        if data[: 2 * _DIGEST] == _head(key, design):
            return pickle.loads(design)
    design = _written(plan())
    data = pickle.dumps(design, protocol=pickle.HIGHEST_PROTOCOL)
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_bytes(_head(key, data) + data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return design


def _head(key: str, design: bytes) -> bytes:
    return (key + hashlib.sha256(design).hexdigest()).encode()


def _key(asked: object) -> str:
    configs = sorted(path for path in configs_dir().rglob("*") if path.is_file())
    return digest_of([
        sys.version, library_version("numpy"), str(resource_root()), [package_digest(name) for name in PLANNING],
        [[str(path), sha256_of(path)] for path in configs], asked,
    ])  # fmt: skip


def _written(design: Design) -> Design:
    return replace(
        design,
        overlays=tuple(
            replace(overlay, sequences=tuple(map(_as_text, overlay.sequences))) for overlay in design.overlays
        ),
        tests=tuple(replace(test, sequence=_as_text(test.sequence)) for test in design.tests),
    )


def _as_text(sequence: SequenceSpec) -> SequenceSpec:
    return replace(sequence, parameters=Written(canonical(sequence.parameters)))
