"""A new pair for `toolchain.lock`, out of what the projects' release pages say: mlir-aie's newest release, the Peano
its own requirements name, and the SHA-256 the pages give for the files. Nothing here uses the network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from aiebuild.config.lock import ANY, Lock, LockedWheel, Pair
from aiebuild.errors import BuildError

_MLIR_AIE = re.compile(r"mlir_aie-([\w.]+)-(cp\d+)-cp\d+-manylinux[\w.]*x86_64\.whl")
_PEANO = re.compile(r"^llvm[-_]aie==(\S+)", re.MULTILINE)


def pair_of(lock: Lock, release: Path, requirements: Path, nightly: Path) -> Pair:
    """The pair of a release of mlir-aie. `release`, `nightly`: the release pages' JSON (GitHub's API); `requirements`:
    mlir-aie's list of the Peano it was tested with. The spelling is taken to be the pinned pair's.

    Raises BuildError when a file does not say what is needed.
    """
    page = _json(release)
    tag = str(page.get("tag_name", ""))
    hashes: dict[str, str] = {}
    version = file = ""
    for name, digest in _assets(page).items():
        match = _MLIR_AIE.fullmatch(name)
        if match is not None:
            version = match[1]
            file = name.replace(match[2], "{python}")
            if digest:
                hashes[match[2]] = digest
    if not tag or not version:
        raise BuildError(f"{release}: no release of mlir-aie with wheels for Linux")
    wanted = _PEANO.search(requirements.read_text(encoding="utf-8"))
    if wanted is None:
        raise BuildError(f"{requirements}: names no llvm-aie")
    peano = wanted[1]
    start = f"llvm_aie-{peano}-"
    found = {name: digest for name, digest in _assets(_json(nightly)).items() if name.startswith(start)}
    linux = [name for name in found if "manylinux" in name and "x86_64" in name]
    if not linux:
        raise BuildError(f"{nightly}: has no wheel of llvm-aie {peano} for Linux: nightly wheels are removed")
    digest = found[linux[0]]
    releases = "https://github.com/Xilinx/mlir-aie/releases"
    nightlies = "https://github.com/Xilinx/llvm-aie/releases"
    wheels = (
        LockedWheel(
            "mlir_aie", version, file, (f"{releases}/download/{tag}", f"{releases}/expanded_assets/{tag}"), hashes
        ),
        LockedWheel(
            "llvm-aie",
            peano,
            linux[0],
            (f"{nightlies}/download/nightly", f"{nightlies}/expanded_assets/nightly"),
            {ANY: digest} if digest else {},
        ),
    )
    return Pair(f"{version} + {peano.partition('+')[0]}", lock.pair(None).spelling, wheels)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        return cast("Mapping[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BuildError(f"{path}: is no release page: {error}") from None


def _assets(page: Mapping[str, Any]) -> dict[str, str]:
    """Files of a release by name, each with its SHA-256 or ""."""
    assets = cast("list[Mapping[str, Any]]", page.get("assets", []))
    return {str(asset["name"]): str(asset.get("digest") or "").removeprefix("sha256:") for asset in assets}
