"""What the planned operations move and compute, counted from their transfers.

Nothing is typed in: bytes and tasks are those of the transfers that a sequence is emitted from, multiply-accumulates
those that the planner states. Lower bounds in time are modelled: each resource by itself, at a machine's clock and
bandwidth, as if nothing ever waited for anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from aiebuild.config.model import ModelDims
from aiebuild.designs import decoder_plan, decoder_shape, encoder, encoder_keep, encoder_plan
from aiebuild.designs.decoder_dispatches import BUCKETS, Dispatch
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import Decoder
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.keep import Keep
from aiebuild.designs.mel import CONSTANTS, MEL, PEAKS, SAMPLES, TILE_BYTES, mel_overlay
from aiebuild.designs.mel_tables import CONSTANT_OBJECT
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.timing.costs import Machine
from aiebuild.weights.pack import OBJECT

CORES = NPU1.cores
PORT = 4
"""Bytes a cycle of a shim's DMA channel and of a stream."""
INT8, BF16, INT16 = 256, 128, 64
"""Multiply-accumulates a cycle of an AIE2 core: int8, bf16, and int16 as two of int16 x int8."""
STEP_CYCLES = 2048
"""Cycles of the encoder's products with one B object: 64 x 64 x 128 in int8, 64 x 64 x 64 in bf16."""

MEL_ROLES = {SAMPLES: "samples", CONSTANTS: "constants", MEL: "log-mel", PEAKS: "log-mel"}
ENCODER_ROLES = {
    encoder_plan.WEIGHTS: "weights", encoder_plan.ARENA: "activations", encoder_plan.INPUT: "log-mel",
    encoder_plan.KEYS: "keys and values",
}  # fmt: skip
DECODER_ROLES = {
    decoder_plan.WEIGHTS: "weights", decoder_plan.ARENA: "activations", decoder_plan.KEYS: "keys and values",
    decoder_plan.LOG: "log", decoder_plan.LOG_AT: "log",
}  # fmt: skip
RESOURCES = ("compute", "port", "DDR", "control processor")


@dataclass(frozen=True)
class Traffic:
    """What an operation, or several of the same kind, moves and computes.

    `read`, `written`: bytes by (channel letter, role of the argument). `channels`: bytes by channel of the shims.
    `objects`: in A, B and C as the shims send and receive them. `rate`: multiply-accumulates a core and cycle.
    `cycles`: lower bound by resource, `least` the sum of each operation's largest.
    """

    name: str
    times: int
    read: Mapping[tuple[str, str], int]
    written: Mapping[tuple[str, str], int]
    channels: Mapping[str, int]
    objects: tuple[int, int, int]
    tasks: int
    macs: int
    padded_macs: int
    rate: int
    cycles: Mapping[str, float]
    least: float

    @property
    def read_bytes(self) -> int:
        """Bytes from DDR."""
        return sum(self.read.values())

    @property
    def written_bytes(self) -> int:
        """Bytes to DDR."""
        return sum(self.written.values())

    @property
    def bytes(self) -> int:
        """Both ways."""
        return self.read_bytes + self.written_bytes

    @property
    def intensity(self) -> float:
        """Multiply-accumulates of the model a byte of DDR traffic."""
        return self.macs / self.bytes

    @property
    def bound(self) -> str:
        """The resource whose lower bound is the highest."""
        return max(RESOURCES, key=lambda name: self.cycles[name])

    def of(self, *roles: str) -> int:
        """Bytes read of arguments with these roles."""
        return sum(size for (_, role), size in self.read.items() if role in roles)

    def through(self, channel: str) -> int:
        """Bytes over the channels of one letter: A, B or C."""
        return sum(size for name, size in self.channels.items() if name[0] == channel)


def total_bytes(transfer: Transfer) -> int:
    """Bytes of a task, its repetitions included."""
    return prod(transfer.sizes)


def transfers(operation: Operation) -> Iterable[tuple[str, Transfer]]:
    """Every transfer of an operation with its channel, a channel's in stream order."""
    for part in operation.rounds:
        for channel, tasks in part.transfers.items():
            for transfer in tasks:
                for one in transfer.chain:
                    yield channel, one


def count(
    operation: Operation, roles: Mapping[int, str], objects: tuple[int, int, int], rate: int, machine: Machine,
    grid: Grid = NPU1, keep: Keep | None = None,
) -> Traffic:  # fmt: skip
    """An operation's traffic; `objects`: bytes of an A, B and C object at the shim. `rate`: an AIE2 core's. `keep`:
    what memory tiles keep."""
    read: Counter[tuple[str, str]] = Counter()
    written: Counter[tuple[str, str]] = Counter()
    channels: Counter[str] = Counter()
    ports: Counter[str] = Counter()
    tasks = descriptors = 0
    for channel, transfer in transfers(operation):
        size = total_bytes(transfer)
        channels[channel] += size
        ports[channel] += size * transfer.passes
        if keep is not None and transfer.parts is not None:
            tasks += 2
            descriptors += transfer.cut(keep).descriptors
        (written if channel[0] == "C" else read)[channel[0], roles[transfer.argument]] += size
        descriptors += 1
    tasks += sum(len(queued) for part in operation.rounds for queued in part.transfers.values())
    cycles = {
        "compute": operation.padded_macs / (rate * grid.cores),
        "port": max(ports.values()) / PORT,
        "DDR": sum(channels.values()) / machine.bytes_per_cycle,
        "control processor": descriptors * machine.costs.task,
    }
    moved = {letter: sum(size for name, size in ports.items() if name[0] == letter) for letter in "ABC"}
    numbers = (moved["A"] // objects[0], moved["B"] // objects[1], moved["C"] // objects[2])
    return Traffic(
        operation.text, 1, dict(read), dict(written), dict(channels), numbers, tasks, operation.macs,
        operation.padded_macs, rate, cycles, max(cycles.values()),
    )  # fmt: skip


def add(name: str, parts: Iterable[Traffic]) -> Traffic:
    """Several operations as one."""
    known = list(parts)
    read: Counter[tuple[str, str]] = Counter()
    written: Counter[tuple[str, str]] = Counter()
    channels: Counter[str] = Counter()
    cycles: dict[str, float] = dict[str, float].fromkeys(RESOURCES, 0.0)
    for part in known:
        read.update(part.read)
        written.update(part.written)
        channels.update(part.channels)
        for resource, value in part.cycles.items():
            cycles[resource] += value
    a, b, c = (sum(part.objects[i] for part in known) for i in range(3))
    rates = {part.rate for part in known if part.padded_macs}
    return Traffic(
        name, sum(part.times for part in known), dict(read), dict(written), dict(channels), (a, b, c),
        sum(part.tasks for part in known), sum(part.macs for part in known), sum(part.padded_macs for part in known),
        rates.pop() if len(rates) == 1 else 0, cycles, sum(part.least for part in known),
    )  # fmt: skip


def by_kind(parts: Iterable[Traffic]) -> list[Traffic]:
    """Operations of the same short name ("qkv" of every layer) as one, in the order of their first ones."""
    groups: dict[str, list[Traffic]] = {}
    for part in parts:
        groups.setdefault(part.name.rpartition(".")[2], []).append(part)
    return [add(name, group) for name, group in groups.items()]


def encoder_rate(operation: Operation) -> int:
    """int8 or bf16 multiply-accumulates a core and cycle, told by what a core does with a B object (in attention also
    sums of probabilities and a strip of scores that is done twice, less than a tenth).

    Raises ValueError where it is neither.
    """
    objects = sum(t.passes * total_bytes(t) for channel, t in transfers(operation) if channel[0] == "B") // OBJECT
    if not objects:
        return INT8
    found = operation.padded_macs / (objects * ROWS * STEP_CYCLES)
    for rate in (INT8, BF16):
        if rate <= found < 1.1 * rate:
            return rate
    raise ValueError(f"{operation.text}: {operation.padded_macs} products with {objects} B objects")


def encoder_operations(dims: ModelDims, grid: Grid = NPU1) -> list[Operation]:
    """The operations of a window."""
    return encoder.Encoder(encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims, grid))).operations()


def encoder_traffic(dims: ModelDims, machine: Machine, grid: Grid = NPU1) -> list[Traffic]:
    """Every operation of a window."""
    objects = (OBJECT, OBJECT, OBJECT)
    operations = encoder_operations(dims, grid)
    return [
        count(op, ENCODER_ROLES, objects, encoder_rate(op), machine, grid, encoder_keep.keep_of(grid))
        for op in operations
    ]


def decoder_step(dims: ModelDims, windows: int, bucket: int = BUCKETS[0], grid: Grid = NPU1) -> Decoder:
    """The dispatch of one new token of each of `windows` windows."""
    plan = plan_decoder(DecoderShape.of(dims, grid))
    return Decoder(plan, Dispatch(windows, 1, bucket))


def decoder_traffic(step: Decoder, machine: Machine) -> list[Traffic]:
    """Every operation of a dispatch."""
    objects = (decoder_shape.A_OBJECT, decoder_shape.B_OBJECT, decoder_shape.C_OBJECT)
    grid = step.plan.shape.grid
    return [count(op, DECODER_ROLES, objects, INT8, machine, grid) for op in step.operations()]


def mel_operation(n_mels: int, rounds: int) -> Operation:
    """The operation of a log-mel dispatch, from the sequence that the planner emitted."""
    overlay = mel_overlay(n_mels)
    name = overlay.sequence_name(rounds)
    spec = next(spec for spec in overlay.overlay().sequences if spec.name == name)
    steps: list[dict[str, Any]] = spec.parameters["sequence"]["steps"]
    parts: list[Round] = []
    for step in steps:
        if step["kind"] != "start":
            continue
        task = step["task"]
        argument, (s0, s1, s2, s3), (t0, t1, t2, t3) = task["argument"], task["sizes"], task["strides"]
        number = int(argument.removeprefix("%arg"))
        one = Transfer(number, task["offset"], (s0, s1, s2, s3), (t0, t1, t2, t3))
        parts.append(Round({task["channel"]: (one,)}))
    text = next(step["text"] for step in steps if step["kind"] == "operation")
    outputs = tuple(f"C{c}_out" for c in range(overlay.columns))
    return Operation(text, tuple(parts), outputs, overlay.macs(rounds), overlay.macs(rounds))


def mel_traffic(n_mels: int, rounds: int, machine: Machine) -> Traffic:
    """A log-mel dispatch of `rounds` rounds of 512 frames."""
    overlay = mel_overlay(n_mels)
    objects = (TILE_BYTES, CONSTANT_OBJECT, overlay.peak_object)
    return count(mel_operation(n_mels, rounds), MEL_ROLES, objects, INT16, machine)
