"""A design against the limits of an array, before anything is lowered.

`check_module` yields what it breaks, each with place, figure, limit and what to do; `raise_on` makes an error of it.
"""

from __future__ import annotations

from dataclasses import replace

from xdsl.dialects.builtin import ModuleOp

from aiebuild.check.allocation import Allocation, allocate
from aiebuild.check.cores import check_cores
from aiebuild.check.design import Design, devices, gather
from aiebuild.check.fifos import check_fifos
from aiebuild.check.programs import check_programs
from aiebuild.check.resources import (
    check_channels,
    check_descriptors,
    check_locks,
    check_memory,
    check_streams,
    check_tiles,
)
from aiebuild.check.sequences import check_sequences
from aiebuild.check.violation import Violation, raise_on
from aiebuild.dialect.structure import DeviceOp
from aiebuild.target import Target, load_target


def check_module(module: ModuleOp, target: Target) -> list[Violation]:
    """Every limit of `target` that a design breaks, in the order of the checks; empty when it fits.

    Raises UsageError for a device that is no NPU.
    """
    violations: list[Violation] = []
    for device in devices(module):
        violations.extend(check_device(device, target))
    return violations


def check_device(device: DeviceOp, target: Target) -> list[Violation]:
    """As `check_module`, for one device."""
    design = gather(device, _narrowed(device, target))
    if not device.device.startswith(target.name.partition("_")[0]):
        message = f"design is for {device.device}, checked for {target.name}"
        design.report("device", device, None, message, f"render it for {target.name}")
        return design.violations
    check_tiles(design)
    if design.violations:
        return design.violations  # what follows looks tiles up
    allocation = allocate(design)
    written = check_programs(design)
    check_memory(design, allocation)
    check_locks(design, allocation)
    check_channels(design, allocation)
    check_descriptors(design, allocation, written)
    check_streams(design, allocation)
    check_fifos(design, allocation)
    check_cores(design, allocation)
    check_sequences(design, allocation)
    return design.violations


def _narrowed(device: DeviceOp, target: Target) -> Target:
    """The target with no more columns than the design's device has (`npu1_2col` on npu1)."""
    if device.device == target.name or not device.device.startswith(target.name):
        return target
    return replace(target, columns=min(target.columns, load_target(device.device).columns))


__all__ = ["Allocation", "Design", "Violation", "check_device", "check_module", "raise_on"]
