"""Reading the design that is to be emulated: its text, its device, its runtime sequence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from aiebuild.check import check_device, raise_on
from aiebuild.dialect import DesignError, location, parse_module
from aiebuild.dialect.resets import ConfigureOp, NpuLoadPdiOp
from aiebuild.dialect.sequence import RuntimeSequenceOp
from aiebuild.dialect.structure import DeviceOp
from aiebuild.emulation.placement import place_tiles
from aiebuild.emulation.python_design import is_python, module_text
from aiebuild.errors import UsageError
from aiebuild.target import load_target

PLACEHOLDER = "NPUDEVICE"
"""What mlir-aie's own tests write for the device; their scripts put one in before they compile."""

_DEFAULT_DEVICE = "npu1"


@dataclass(frozen=True)
class Design:
    """A parsed design. `name`: the file's, for messages; `device`: what the array starts with, the module's first."""

    name: str
    module: ModuleOp
    device: DeviceOp
    sequences: tuple[RuntimeSequenceOp, ...]

    def sequence(self, name: str | None) -> RuntimeSequenceOp:
        """The runtime sequence `name`, or the only one for None.

        Raises UsageError when there is no such sequence or a choice is left, DesignError for a design without any.
        """
        if not self.sequences:
            raise DesignError(f"{location(self.device)}: the design has no aie.runtime_sequence, so nothing runs it")
        names = [op.symbol for op in self.sequences]
        hint = f"--sequence {' or --sequence '.join(names)}"
        if name is None:
            if len(names) > 1:
                raise UsageError(f"{self.name}: {len(names)} runtime sequences to choose from", hint=hint)
            return self.sequences[0]
        found = [op for op in self.sequences if op.symbol == name]
        if len(found) != 1:
            raise UsageError(f"{self.name}: {len(found) or 'no'} runtime sequences @{name}", hint=hint)
        return found[0]

    @property
    def devices(self) -> tuple[DeviceOp, ...]:
        """The device and those that its sequences load in its place."""
        return tuple(op for op in self.module.body.block.ops if isinstance(op, DeviceOp))

    def check(self) -> None:
        """Raises DesignError for the first limit of its array that the design breaks, the others in its detail."""
        for device in self.devices:
            raise_on(check_device(device, load_target(device.device)))


def read_text(design: str | PathLike[str], arguments: Sequence[str] = ()) -> tuple[str, str]:
    """A design's text and its name: `design` is a path, or the text itself (a `str` of more than one line).

    A path that ends in `.py` is a program, run with `arguments`, that prints the text.
    """
    if isinstance(design, str) and "\n" in design:
        return design, "<design>"
    if is_python(design):
        return module_text(Path(design), arguments), f"{design} (its module)"
    path = Path(design)
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "not a text file"
        raise UsageError(f"{path}: cannot be read: {what}") from None


def read_design(
    design: str | PathLike[str],
    device: str | None = None,
    configuration: str | None = None,
    arguments: Sequence[str] = (),
) -> Design:
    """Parse a design.

    `arguments` are those of a design that is a Python program. `device` stands for the placeholder `NPUDEVICE` (npu1
    unless given); a design that names its device keeps it.
    `configuration` is the name of the `aie.device` that is meant, where a module has several; the others are dropped.
    Raises UsageError for a file that is not there, a device that is none or not the design's, an open choice;
    DesignError for text that is malformed or has no device.
    """
    text, name = read_text(design, arguments)
    if device is not None:
        load_target(device)
    text = re.sub(rf"\b{PLACEHOLDER}\b", device or _DEFAULT_DEVICE, text)
    module = parse_module(text, name)
    only = _configuration(module, name, configuration)
    for op in module.body.block.ops:
        if isinstance(op, DeviceOp):
            place_tiles(op)
    if device is not None and only.device != device:
        raise UsageError(
            f"{location(only)}: the design is for {only.device}, not {device}",
            hint=f"--device fills in the placeholder {PLACEHOLDER} only",
        )
    sequences = tuple(op for op in only.body.block.ops if isinstance(op, RuntimeSequenceOp))
    return Design(name, module, only, sequences)


def configurations(design: str | PathLike[str]) -> tuple[str, ...]:
    """The names of the devices in a module that can be run. Raises DesignError for malformed text."""
    text, name = read_text(design)
    module = parse_module(re.sub(rf"\b{PLACEHOLDER}\b", _DEFAULT_DEVICE, text), name)
    return tuple(op.symbol for op in _entries([op for op in module.body.block.ops if isinstance(op, DeviceOp)]))


def _loads(device: DeviceOp) -> set[str]:
    """The names of the devices that a device's sequences load."""
    refs = {op.device_ref for op in device.walk() if isinstance(op, NpuLoadPdiOp | ConfigureOp)}
    return {ref for ref in refs if ref is not None}


def _entries(devices: list[DeviceOp]) -> list[DeviceOp]:
    """The devices that a run can begin with: where there are some with sequences, those that no other one loads."""
    running = [op for op in devices if any(isinstance(inner, RuntimeSequenceOp) for inner in op.body.block.ops)]
    free = [op for op in running if all(op.symbol not in _loads(other) for other in devices if other is not op)]
    return free or running or devices


def _configuration(module: ModuleOp, name: str, configuration: str | None) -> DeviceOp:
    """The device that is meant, made the module's first; takes those out that it does not load."""
    devices = [op for op in module.body.block.ops if isinstance(op, DeviceOp)]
    if not devices:
        raise DesignError(f"{name}: no `aie.device` in the module")
    entries = _entries(devices)
    hint = f"--sequence {' or --sequence '.join(f'{op.symbol}:SEQUENCE' for op in entries)}"
    if configuration is None and len(entries) > 1:
        raise UsageError(f"{name}: {len(entries)} configurations of the array to choose from", hint=hint)
    found = entries if configuration is None else [op for op in devices if op.symbol == configuration]
    if len(found) != 1:
        raise UsageError(f"{name}: {len(found) or 'no'} configurations @{configuration}", hint=hint)
    kept: dict[str, DeviceOp] = {found[0].symbol: found[0]}
    loaded = list(_loads(found[0]))
    while loaded:
        symbol = loaded.pop()
        for op in devices:
            if op.symbol == symbol and symbol not in kept:
                kept[symbol] = op
                loaded += _loads(op)
    for op in devices:
        if op is not found[0]:
            op.detach()
    for op in sorted((op for op in kept.values() if op is not found[0]), key=devices.index):
        module.body.block.add_op(op)
    return found[0]
