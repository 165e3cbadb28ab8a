"""`aiebuild emulate`: a design run on the host target, its results written or summed up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.emulation.arguments import read_argument
from aiebuild.emulation.design import Design, read_design
from aiebuild.emulation.run import Result, emulate, split_name, written
from aiebuild.errors import MissingError, UsageError
from aiebuild.host.sequence import read_sequence
from aiebuild.report.terminal import note

_SHOWN = 8


@dataclass(frozen=True)
class EmulateOptions:
    """The command line of `aiebuild emulate`, but for the design."""

    kernels: tuple[Path, ...]
    args: tuple[str, ...]
    outs: tuple[Path, ...]
    sequence: str | None
    device: str | None
    defines: tuple[str, ...]
    include: tuple[Path, ...]
    threads: int | None
    check: bool
    seed: int
    sanitize: bool
    max_steps: int | None
    timeline: Path | None = None
    clock: float = 1.0
    bandwidth: float = 15.0
    slots: bool = False
    design_args: tuple[str, ...] = ()


def emulate_file(path: Path, options: EmulateOptions) -> bool:
    """Run a design and write what it wrote: to the `--out` files, else a line for each argument to standard output.

    In the checking mode, what was found comes first on standard output. Returns whether nothing was.
    """
    configuration, name = split_name(options.sequence)
    design = read_design(path, options.device, configuration, options.design_args)
    given = [read_argument(text) for text in options.args]
    for out in options.outs:
        if not out.absolute().parent.is_dir():
            raise UsageError(f"{out.parent}: no such folder")
    if options.outs:
        sequence = design.sequence(name)
        _enough(sequence.symbol, len(options.outs), written(read_sequence(design.module, sequence.symbol)))
    result = emulate(
        design,
        options.kernels,
        given,
        sequence=name,
        defines=options.defines,
        include=options.include,
        threads=options.threads,
        check=options.check,
        seed=options.seed,
        sanitize=options.sanitize,
        max_steps=options.max_steps,
    )
    _tell(result)
    if options.timeline is not None:
        _timeline(design, options, result, given)
    if options.slots:
        _slots(design, options, result, given)
    for finding in result.findings:
        print(finding)
        for line in finding.detail.splitlines():
            print(line)
    if options.sanitize:
        note(f"{len(result.findings) or 'no'} finding{'' if len(result.findings) == 1 else 's'}")
    for out, array in zip(options.outs, result.outputs, strict=False):
        _save(out, array)
    if not options.outs:
        for line in summary(result):
            print(line)
    return not result.findings


def _timeline(design: Design, options: EmulateOptions, result: Result, given: Sequence[Any]) -> None:
    """Run the design once more, recording, and then in virtual time."""
    from aiebuild.report.timeline import write_timeline
    from aiebuild.timing.costs import Machine
    from aiebuild.timing.record import run_design

    assert options.timeline is not None
    arrays = _arrays(options, result, given)
    kernels = [path.absolute() for path in options.kernels]
    machine = Machine("npu2" if design.device.device.startswith("npu2") else "npu1", options.clock, options.bandwidth)
    include = [folder.absolute() for folder in options.include]
    run = run_design(design.module, result.sequence, kernels, arrays, machine, options.defines, include)
    write_timeline(options.timeline, [(f"{design.name} @{result.sequence}", run)])
    note(
        f"{options.timeline}: {1e6 * run.seconds:.1f} us on the array at {machine.clock:g} GHz and "
        f"{machine.bandwidth:g} GB/s, modelled; bound by {run.bound()}; open it at https://ui.perfetto.dev"
    )


def _arrays(options: EmulateOptions, result: Result, given: Sequence[Any]) -> list[NDArray[Any]]:
    filled = [*given, *[None] * (len(result.parameters) - len(given))]
    return [parameter.take(value, options.seed) for parameter, value in zip(result.parameters, filled, strict=True)]


def _slots(design: Design, options: EmulateOptions, result: Result, given: Sequence[Any]) -> None:
    """The kernels' issue slots, line by line, on standard error."""
    from aiebuild.timing.record import LINE_SLOTS, slots_by_line

    kernels = [path.absolute() for path in options.kernels]
    include = [folder.absolute() for folder in options.include]
    arrays = _arrays(options, result, given)
    lines = slots_by_line(design.module, result.sequence, kernels, arrays, options.defines, include)
    note("issue slots of an AIE2 core, all calls: " + " ".join(f"{name:>8}" for name in LINE_SLOTS))
    for line in lines:
        source = line.file.read_text(encoding="utf-8").splitlines()[line.line - 1].strip()
        place = f"{line.file.name}:{line.line}"
        note(f"{place:<40}" + " ".join(f"{count:>8}" if count else " " * 8 for count in line.slots) + f"  {source}")


def _enough(sequence: str, outs: int, positions: Sequence[int]) -> None:
    if outs > len(positions):
        raise UsageError(f"{outs} --out given, @{sequence} writes {len(positions)} arguments")


def _save(path: Path, array: NDArray[Any]) -> None:
    try:
        with path.open("wb") as file:
            np.save(file, array)
    except PermissionError as error:
        raise MissingError(f"{path}: cannot be written: {error.strerror}") from None


def _tell(result: Result) -> None:
    counters = result.counters
    plural = "s" if result.threads > 1 else ""
    note(
        f"@{result.sequence} for {result.device}, emulated on the host ({result.threads} thread{plural}): "
        f"{counters.tasks} tasks in {counters.seconds * 1e3:.2f} ms of host time"
    )
    if counters.leftover:
        note("note: data was left in the array when the sequence ended")


def summary(result: Result) -> list[str]:
    """A line for each argument: name, type, whether it was written, its first elements and the digest of its bytes."""
    lines: list[str] = []
    for parameter, array in zip(result.parameters, result.arguments, strict=True):
        state = "written" if parameter.position in result.written else "not written"
        flat = array.reshape(-1)
        first = " ".join(str(value) for value in flat[:_SHOWN])
        more = " ..." if flat.size > _SHOWN else ""
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
        lines.append(f"%{parameter.name} {parameter.memref} {state} sha256 {digest}: {first}{more}")
    return lines
