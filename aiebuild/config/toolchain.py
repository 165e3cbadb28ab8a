"""Toolchain profiles: `configs/toolchains/*.toml`."""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.config.reader import did_you_mean, read_toml
from aiebuild.errors import UsageError
from aiebuild.resources import configs_dir


@dataclass(frozen=True)
class HostToolchain:
    """What builds for the host target.

    `candidates`: compiler names tried in order, after `$CXX`. `macros`: folder of template macros (the MLIR spelling).
    """

    name: str
    candidates: tuple[str, ...]
    minimum_gcc: int
    minimum_clang: int
    macros: str


def host_toolchain(name: str = "host") -> HostToolchain:
    """The host toolchain profile called `name`; raises UsageError when there is none or it is wrong."""
    folder = configs_dir() / "toolchains"
    path = folder / f"{name}.toml"
    if not path.is_file():
        raise UsageError(f"no toolchain profile `{name}`{did_you_mean(name, [p.stem for p in folder.glob('*.toml')])}")
    return read_toml(path).build(HostToolchain)
