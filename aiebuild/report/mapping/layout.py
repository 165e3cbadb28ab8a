"""Where what lies: which core writes which tile, what is read how often, what fills a core's memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from aiebuild.check.usage import TileUse, tile_uses
from aiebuild.config.model import ModelDims
from aiebuild.designs import encoder, encoder_plan
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.grid import NPU1, ROWS
from aiebuild.designs.mel import TILE_FRAMES, TILES, mel_overlay
from aiebuild.designs.operations import Operation, Transfer
from aiebuild.dialect import parse_module
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.structure import DeviceOp
from aiebuild.host.lower import device_of
from aiebuild.render import render
from aiebuild.report.mapping.counts import total_bytes, transfers
from aiebuild.target import load_target
from aiebuild.weights.pack import OBJECT


@dataclass(frozen=True)
class Owner:
    """The core (column, row) that writes an object, and the number of it among that core's objects."""

    column: int
    row: int
    index: int


def runs(transfer: Transfer) -> Iterator[int]:
    """Offsets of a transfer's innermost runs in stream order."""
    for index in product(*(range(n) for n in transfer.sizes[:3])):
        yield transfer.offset + sum(i * stride for i, stride in zip(index, transfer.strides, strict=False))


def owners(operation: Operation, argument: int) -> dict[int, Owner]:
    """Of each object of 8,448 bytes that an encoder operation writes to `argument`: its offset and its core.

    A column's stream carries the four cores' objects in turn: the memory tile joins them.
    """
    out: dict[int, Owner] = {}
    number: dict[str, int] = {}
    for channel, transfer in transfers(operation):
        if channel[0] != "C" or transfer.argument != argument:
            continue
        per_object = OBJECT // transfer.sizes[3]
        for k, offset in enumerate(runs(transfer)):
            if k % per_object:
                continue
            count = number.get(channel, 0)
            out[offset] = Owner(int(channel[1]), count % ROWS, count // ROWS)
            number[channel] = count + 1
    return out


def tile_owners(dims: ModelDims, name: str) -> dict[tuple[int, int], Owner]:
    """Of each tile (row tile, column tile) that an encoder operation writes: its core.

    `name`: "layer0.qkv", "layer0.attention", "layer0.fc1" and the like.
    """
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))
    operation = next(op for op in encoder.Encoder(plan).operations() if op.text == name)
    short = name.rpartition(".")[2]
    area = plan.areas[{"qkv": "qkv", "attention": "attention", "fc1": "hidden"}.get(short, "x")]
    out: dict[tuple[int, int], Owner] = {}
    for offset, owner in owners(operation, encoder_plan.ARENA).items():
        major, minor = divmod((offset - area.offset) // OBJECT, area.stride)
        out[(minor, major) if short == "qkv" else (major, minor)] = owner
    return out


def distinct(operation: Operation, channel: str, argument: int) -> tuple[int, int]:
    """Bytes of an argument that the channels of a letter read: (different ones, all of them)."""
    known: set[tuple[int, int]] = set()
    read = 0
    for name, transfer in transfers(operation):
        if name[0] == channel and transfer.argument == argument:
            read += total_bytes(transfer)
            known.update((offset, transfer.sizes[3]) for offset in runs(transfer))
    different, end = 0, -1
    for offset, length in sorted(known):
        different += max(0, offset + length - max(offset, end))
        end = max(end, offset + length)
    return different, read


def norm_strips(dims: ModelDims) -> list[set[int]]:
    """Rows of a 64-row tile that the first layer norm's cores of each column write."""
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))
    operation = next(op for op in encoder.Encoder(plan).operations() if op.text == "layer0.norm1")
    out: list[set[int]] = [set() for _ in range(NPU1.columns)]
    for channel, transfer in transfers(operation):
        if channel[0] == "C":
            for offset in runs(transfer):
                strip = (offset - plan.areas["xn"].offset) % OBJECT // encoder.STRIP
                out[int(channel[1])].update(range(strip * 16, strip * 16 + 16))
    return out


def conv_frames(dims: ModelDims, tap: int, positions: int) -> list[tuple[int, int]]:
    """First and last frame of the first convolution's rows for `tap`; frame 0 is the first of the window."""
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))
    operation = encoder.Encoder(plan).conv1(tap)
    frame = 2 * dims.n_mels
    # the transfer of row 0 of cores, behind the command
    start = next(t for name, t in transfers(operation) if name == "A0_in" and t.argument == encoder_plan.ARENA)
    first = (start.offset - plan.areas["mel"].offset) // frame - encoder_plan.FRONT_FRAMES
    step = start.strides[2] // frame
    return [(first + i * step, first + i * step + 2) for i in range(positions)]


def mel_cores(n_mels: int) -> list[tuple[int, int]]:
    """The core (column, row) of each object of eight frames of a round."""
    overlay = mel_overlay(n_mels)
    return [
        (column, row)
        for column in range(overlay.columns)
        for _ in range(overlay.column_frames // (overlay.rows * TILE_FRAMES))
        for row in range(overlay.rows)
    ]


def mel_objects() -> int:
    """A objects of a core and round."""
    return TILES


def overlays() -> dict[str, DeviceOp]:
    """The three overlays, rendered and parsed."""
    parameters: dict[str, dict[str, Any]] = {
        "mel": dict(mel_overlay(80).overlay().parameters),
        "encoder": {**encoder.encoder_parameters(), "sequence": None},
        "decoder": {**decoder_parameters(), "sequence": None},
    }
    return {
        name: device_of(parse_module(render(f"{name}.mlir.j2", **values), name)) for name, values in parameters.items()
    }


def uses(device: DeviceOp) -> dict[tuple[int, int], TileUse]:
    """Use of an overlay's tiles."""
    return {use.tile: use for use in tile_uses(device, load_target(device.device))}


def memory_of(use: TileUse) -> list[tuple[str, int]]:
    """A tile's memory by purpose: the objects of a queue together, names without the tile's coordinates."""
    out: dict[str, int] = {}
    for what, size in use.memory:
        name = what.removeprefix("@").split(" object")[0]
        short = name if name == "stack" else name.rstrip("0123456789").rstrip("_") if "_" in name else name
        short = short.rstrip("0123456789").rstrip("_")
        if what.startswith("@"):
            short = f"{short[0]} objects"
        out[short] = out.get(short, 0) + size
    return sorted(out.items(), key=lambda item: -item[1])


def routes(device: DeviceOp) -> list[tuple[str, tuple[int, int], list[tuple[int, int]]]]:
    """Every objectfifo: name, producer's tile, consumers' tiles."""
    out: list[tuple[str, tuple[int, int], list[tuple[int, int]]]] = []
    for op in device.body.block.ops:
        if isinstance(op, ObjectFifoOp) and op.producer is not None:
            ends = [end.coordinates for end in op.consumers if end is not None]
            out.append((op.symbol, op.producer.coordinates, ends))
    return out
