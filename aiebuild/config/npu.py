"""What the NPU target needs to know of kernel compiler and chips: `configs/toolchains/peano.toml` and `npus.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiebuild.config.reader import read_toml
from aiebuild.errors import DeviceError
from aiebuild.resources import configs_dir

XRT_INSTALL = (
    "sudo add-apt-repository ppa:amd-team/xrt && sudo apt-get install libxrt-npu2 libxrt-utils-npu amdxdna-dkms"
)
"""What installs the driver, XRT and pyxrt (Ubuntu; amd/xdna-driver's README)."""


@dataclass(frozen=True)
class PeanoProfile:
    """How Peano is called.

    `minimum`: oldest major version. `flags`: of every kernel, with `{include}` for mlir-aie's headers and `{kernels}`
    for the project's. `targets`: target triple by device.
    """

    name: str
    minimum: int
    flags: tuple[str, ...]
    targets: Mapping[str, str]


@dataclass(frozen=True)
class NpuKind:
    """A kind of NPU. `device`: the array's name in designs. `names`: those the driver gives it."""

    device: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Npus:
    kinds: tuple[NpuKind, ...]


def peano_profile() -> PeanoProfile:
    """The profile. Raises UsageError when its file is wrong."""
    return read_toml(configs_dir() / "toolchains" / "peano.toml").build(PeanoProfile)


def npu_kinds() -> tuple[NpuKind, ...]:
    """All known kinds. Raises UsageError when their file is wrong."""
    return read_toml(configs_dir() / "toolchains" / "npus.toml").build(_Npus).kinds


def npu_kind(name: str) -> NpuKind:
    """The kind a device name stands for; raises DeviceError for one that is not known."""
    kinds = npu_kinds()
    for kind in kinds:
        if name.strip() in kind.names:
            return kind
    known = ", ".join(f"{known} ({kind.device})" for kind in kinds for known in kind.names)
    raise DeviceError(f"the NPU `{name}` is of no known kind; known: {known}")
