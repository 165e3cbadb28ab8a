"""`emulate`: a design, its kernels and its arguments in; what the runtime sequence leaves in the arguments out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiebuild.emulation.arguments import Parameter, Pattern, parameters
from aiebuild.emulation.design import Design, read_design
from aiebuild.emulation.dispatch import Job, dispatch, dispatch_apart
from aiebuild.emulation.findings import Finding, StackUse, failure, read_findings, read_stacks
from aiebuild.emulation.library import Library, build_library, kernels_of, lower
from aiebuild.errors import BuildError, UsageError
from aiebuild.host.checked import Checks
from aiebuild.host.insts import TASK_QUEUES
from aiebuild.host.program import Push, SequenceProgram, WriteBd, encode
from aiebuild.host.registers import PatchAddress, WriteRegisters
from aiebuild.host.replay import composed
from aiebuild.host.sequence import read_sequence
from aiebuild.runtime.device import Counters
from aiebuild.runtime.host import HostBuffer

MAX_STEPS = 200_000_000
"""Passes of loops without a transfer after which the checking mode takes a run to be endless."""

SPILLS = 1920
"""Bytes of a kernel's frames that the array may keep in registers: 12 vector registers of 512 bits and 9 accumulators
of 1,024, which this machine's compiler may put on the stack. Taken off where kernels use the AIE API."""


class EmulationError(BuildError):
    """A run that failed as it would have on the array; after a deadlock `detail` says who waits for what."""


@dataclass(frozen=True)
class Result:
    """What a run left behind.

    `arguments`: every argument afterwards, in the sequence's order, each in the shape and type it was given in.
    `written`: positions of the arguments that the sequence writes to. `parameters`: what the sequence takes.
    `device`: the array the design is for; `threads`: how many emulated it. `counters`: what was done;
    `counters.leftover` is 1 when data was left in the array at the end. `findings`: what the checking mode found;
    `stacks`: the stack it measured, core by core.
    """

    sequence: str
    device: str
    threads: int
    parameters: tuple[Parameter, ...]
    arguments: tuple[NDArray[Any], ...]
    written: tuple[int, ...]
    counters: Counters
    findings: tuple[Finding, ...] = ()
    stacks: tuple[StackUse, ...] = ()

    @property
    def outputs(self) -> tuple[NDArray[Any], ...]:
        """The arguments that the sequence writes to, in its order."""
        return tuple(self.arguments[k] for k in self.written)


def emulate(
    design: str | PathLike[str] | Design,
    kernels: Sequence[str | PathLike[str]] = (),
    args: Sequence[ArrayLike | Pattern | None] = (),
    *,
    sequence: str | None = None,
    device: str | None = None,
    defines: Sequence[str] = (),
    include: Sequence[str | PathLike[str]] = (),
    threads: int | None = None,
    check: bool = True,
    alias: bool = True,
    seed: int = 0,
    design_args: Sequence[str] = (),
    sanitize: bool = False,
    max_steps: int | None = None,
    isolated: bool = True,
) -> Result:
    """Run a design's runtime sequence once, on an array in its first state, and return what it left in its arguments.

    `design`: a path, or MLIR text of more than one line; a path of a Python program (`.py`, IRON or the `aie` bindings,
    where these are installed) that prints its module when run with `design_args`. `kernels`: C++ sources against the
    AIE API, compiled with `defines` (`NAME` or `NAME=VALUE`) and `include` folders. `args`: arrays in the sequence's
    order, not changed here;
    where one is None or missing, a pattern that depends on `seed` and its position; integers for what are numbers.
    Without `check` a buffer may be larger than the sequence says. `sequence`: which one, where there
    are several, as `NAME` or `CONFIGURATION:NAME`. `device` fills in the placeholder NPUDEVICE. `check`: a broken limit
    of the array is an error. `alias=False` copies data where it might be used in place; the result is the same.
    `sanitize` runs in the checking mode: what is wrong is in the result's `findings`, a deadlock too. `max_steps` ends
    a run after so many passes of the cores' loops without a transfer to or from an argument, with a profile; in the
    checking mode the default is MAX_STEPS, else there is no such end. `isolated` runs in a child process (a fork,
    some 10 ms), which a kernel may crash without harm; without it a crash is this process's.

    Raises DesignError (with file and line) for what is malformed, breaks a limit or is not modelled; EmulationError
    for a run that fails, such as a deadlock; UsageError for arguments that do not fit; ToolError for a kernel that
    does not compile.
    """
    configuration, name = split_name(sequence)
    parsed = design if isinstance(design, Design) else read_design(design, device, configuration, design_args)
    chosen = parsed.sequence(name)
    taken = parameters(chosen)
    if len(args) > len(taken):
        raise UsageError(f"{len(args)} arguments given, @{chosen.symbol} takes {len(taken)}")
    if check:
        parsed.check()
    filled = [*args, *[None] * (len(taken) - len(args))]
    arrays = [parameter.take(value, seed, not check) for parameter, value in zip(taken, filled, strict=True)]
    numbers = {parameter.position: int(arrays[parameter.position]) for parameter in taken if parameter.number}
    sources = kernels_of(kernels, defines, include)
    checks = Checks.ALL if sanitize else Checks.STEPS if max_steps is not None else Checks.NONE
    lowered = lower(parsed, checks)
    program = read_sequence(parsed.module, chosen.symbol, numbers)
    given = [array for parameter, array in zip(taken, arrays, strict=True) if not parameter.number]
    library = build_library(parsed, lowered, sources)
    checking = (max_steps or MAX_STEPS, SPILLS if library.vectors else 0) if lowered.checks is not Checks.NONE else None
    buffers = [_buffer(array, isolated) for array in given]
    with _fresh(library) as path:
        encoded = encode(composed(program))
        job = Job(path, encoded, threads if lowered.parallel else 1, alias and checking is None, checking)
        outcome = dispatch_apart(job, buffers) if isolated else dispatch(job, buffers)
    findings = read_findings(outcome.findings, parsed.name)
    if outcome.error is not None:
        message, detail = outcome.error
        if not sanitize:
            hint = "--sanitize says where" if outcome.crashed else None
            raise EmulationError(f"{parsed.name}: {message}", hint=hint, detail=detail)
        end = failure(message, detail, parsed.name)
        findings += () if any(end.repeats(finding) for finding in findings) else (end,)
    left = iter(_array(buffer, array) for buffer, array in zip(buffers, given, strict=True))
    after = tuple(array if p.number else next(left) for p, array in zip(taken, arrays, strict=True))
    places = [p.position for p in taken if not p.number]
    return Result(
        chosen.symbol,
        parsed.device.device,
        outcome.threads,
        taken,
        after,
        tuple(places[k] for k in written(program)),
        outcome.counters,
        findings,
        read_stacks(outcome.stacks) if sanitize else (),
    )


@contextmanager
def _fresh(library: Library) -> Generator[Path]:
    """The library's file; a copy for one run where kernels would find what an earlier run left in their statics."""
    if not library.remembers:
        yield library.path
        return
    with tempfile.TemporaryDirectory(prefix="aiebuild-") as folder:
        yield Path(shutil.copy(library.path, folder))


def split_name(sequence: str | None) -> tuple[str | None, str | None]:
    """The configuration and the name in `CONFIGURATION:NAME`, `CONFIGURATION:` or `NAME`."""
    configuration, colon, name = (sequence or "").rpartition(":")
    return (configuration if colon else None), name or None


def written(program: SequenceProgram) -> tuple[int, ...]:
    """Positions of the arguments that a program's transfers out of the array write to, in order."""
    descriptors: dict[tuple[int, int], WriteBd] = {}
    patched: dict[tuple[int, int], int] = {}
    found: set[int] = set()
    for op in program.instructions:
        if isinstance(op, WriteBd):
            descriptors[(op.column, op.bd)] = op
        elif isinstance(op, PatchAddress):
            patched[(op.column, op.bd)] = op.argument
        elif isinstance(op, WriteRegisters) and op.row == 0:
            queue = TASK_QUEUES.get(op.offset)
            argument = patched.get((op.column, op.words[0] & 0xF))
            if queue is not None and not queue[0] and argument is not None:
                found.add(argument)
        elif isinstance(op, Push):
            channel = program.channels[op.channel]
            if channel.into_array or channel.row:
                continue
            column, bd = channel.column, op.bd
            seen: set[int] = set()
            while bd is not None and bd not in seen:
                seen.add(bd)
                descriptor = descriptors[(column, bd)]
                found.add(descriptor.argument)
                bd = descriptor.following
    return tuple(sorted(found))


def _buffer(array: NDArray[Any], shared: bool) -> HostBuffer:
    try:
        buffer = HostBuffer.allocate(array.nbytes, shared=shared)
    except (MemoryError, OSError):
        raise BuildError(f"{array.nbytes:,} B for an argument are more than this machine has room for") from None
    buffer.array[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return buffer


def _array(buffer: HostBuffer, like: NDArray[Any]) -> NDArray[Any]:
    return buffer.array.copy().view(like.dtype).reshape(like.shape)
