"""The tables of the page, as Markdown, from what the planners give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiebuild.config.model import ModelDims, load_model_config
from aiebuild.designs import encoder, encoder_plan
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_arena, plan_decoder
from aiebuild.designs.decoder_shape import DecoderShape, all_rows
from aiebuild.designs.grid import NPU1, ROWS, grid_of
from aiebuild.designs.operations import Operation
from aiebuild.report.mapping import layout
from aiebuild.report.mapping.counts import (
    RESOURCES,
    Traffic,
    add,
    by_kind,
    decoder_step,
    decoder_traffic,
    encoder_operations,
    encoder_traffic,
    mel_traffic,
)
from aiebuild.timing.costs import Machine

MODEL = "base"
OTHERS = ("tiny.en", "base", "small", "turbo")
STEPS = (1, 8, 32)
"""Windows of the decoder steps that are shown."""
MACHINE = Machine()


def dims_of(model: str) -> ModelDims:
    """A model's dimensions."""
    return load_model_config(model).dims


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mb(size: float) -> str:
    """Bytes as MB."""
    return f"{size / 1e6:.2f}" if size < 1e7 else f"{size / 1e6:.1f}"


def milliseconds(cycles: float, machine: Machine = MACHINE) -> str:
    """Cycles as ms."""
    return f"{1e3 * machine.seconds(cycles):.3f}"


def padding(t: Traffic) -> str:
    """What the cores do beyond the model's arithmetic."""
    return f"{t.padded_macs / t.macs - 1:.1%}" if t.macs else ""


def rate(t: Traffic) -> str:
    """Operand type by rate."""
    return {256: "int8", 128: "bf16", 64: "int16"}.get(t.rate, "") if t.padded_macs else ""


def encoder_table() -> str:
    """A window's encoder by operation."""
    parts = encoder_traffic(dims_of(MODEL), MACHINE)
    rows: list[list[str]] = []
    for t in [*by_kind(parts), add("**window**", parts)]:
        rows.append([
            t.name, str(t.times), rate(t), mb(t.of("weights")), mb(t.read_bytes - t.of("weights")), mb(t.written_bytes),
            f"{t.macs / 1e9:.2f}" if t.macs else "", padding(t), f"{t.intensity:.0f}" if t.macs else "",
            " ".join(f"{n:,}" for n in t.objects), str(t.tasks), milliseconds(t.cycles["compute"]),
            milliseconds(t.cycles["port"]), milliseconds(t.cycles["DDR"]),
        ])  # fmt: skip
    return table(
        ("operation", "times", "products", "weights read, MB", "other read, MB", "written, MB", "GMAC", "padding",
         "MAC/byte", "objects A B C", "tasks", "compute, ms", "ports, ms", "DDR, ms"), rows,
    )  # fmt: skip


def step_table(windows: int) -> str:
    """A decoder step by operation."""
    parts = decoder_traffic(decoder_step(dims_of(MODEL), windows), MACHINE)
    rows: list[list[str]] = []
    for t in [*by_kind(parts), add("**step**", parts)]:
        rows.append([
            t.name, str(t.times), mb(t.of("weights")), mb(t.of("keys and values", "log")), mb(t.of("activations")),
            mb(t.written_bytes), f"{t.macs / 1e6:.1f}", padding(t), f"{t.intensity:.1f}", str(t.tasks),
            *(milliseconds(t.cycles[name]) for name in RESOURCES), t.bound,
        ])  # fmt: skip
    return table(
        ("operation", "times", "weights, MB", "keys, values, MB", "activations, MB", "written, MB", "MMAC", "padding",
         "MAC/byte", "tasks", "compute, ms", "ports, ms", "DDR, ms", "control, ms", "bound by"), rows,
    )  # fmt: skip


def mel_table() -> str:
    """Log-mel of a window's 3,072 frames."""
    rows: list[list[str]] = []
    for mels in (80, 128):
        t = mel_traffic(mels, 6, MACHINE)
        rows.append([
            f"{mels} mels", mb(t.of("samples")), mb(t.of("constants")), mb(t.written_bytes), f"{t.macs / 1e6:.0f}",
            f"{t.intensity:.1f}", str(t.tasks), milliseconds(t.cycles["compute"]),
            milliseconds(t.cycles["port"]), milliseconds(t.cycles["DDR"]),
        ])  # fmt: skip
    return table(
        ("3,072 frames", "samples, MB", "constants, MB", "written, MB", "MMAC (int16)", "MAC/byte", "tasks",
         "compute, ms", "ports, ms", "DDR, ms"), rows,
    )  # fmt: skip


def models_table() -> str:
    """Totals of several models."""
    rows: list[list[str]] = []
    for model in OTHERS:
        dims = dims_of(model)
        stages = [("encoder, a window", encoder_traffic(dims, MACHINE))]
        stages += [
            (f"decoder step, {w} window{'s' if w > 1 else ''}", decoder_traffic(decoder_step(dims, w), MACHINE))
            for w in STEPS
        ]
        for name, parts in stages:
            t = add(name, parts)
            rows.append([
                model, name, mb(t.read_bytes), mb(t.written_bytes), f"{t.macs / 1e9:.3f}", padding(t),
                f"{t.intensity:.1f}", f"{t.tasks:,}", milliseconds(t.cycles["compute"]),
                milliseconds(t.cycles["DDR"]), milliseconds(t.least), t.bound,
            ])  # fmt: skip
    return table(
        ("model", "stage", "read, MB", "written, MB", "GMAC", "padding", "MAC/byte", "tasks", "compute, ms", "DDR, ms",
         "least, ms", "bound by"), rows,
    )  # fmt: skip


def npu2_table() -> str:
    """What eight columns change: traffic, padding, tasks, and the busiest channel of a shim."""
    rows: list[list[str]] = []
    grids = (NPU1, grid_of("npu2"))
    for model in OTHERS:
        dims = dims_of(model)
        stages = {"encoder, a window": [add("", encoder_traffic(dims, MACHINE, grid)) for grid in grids]}
        for windows in STEPS[:2]:
            name = f"decoder step, {windows} window{'s' if windows > 1 else ''}"
            steps = [decoder_step(dims, windows, grid=grid) for grid in grids]
            stages[name] = [add("", decoder_traffic(step, MACHINE)) for step in steps]
        for name, found in stages.items():
            both = [
                (mb(t.of("weights")), mb(t.bytes - t.of("weights")), padding(t), f"{t.tasks:,}",
                 mb(max(t.channels.values())))
                for t in found
            ]  # fmt: skip
            rows.append([model, name, *(f"{a}, {b}" for a, b in zip(*both, strict=True))])
    return table(
        ("model", "npu1, npu2:", "weights read, MB", "other traffic, MB", "padding", "tasks", "busiest channel, MB"),
        rows,
    )


def again_table() -> str:
    """What a layer of the encoder reads more than once."""
    operations = {op.text: op for op in encoder_operations(dims_of(MODEL))}
    what: list[tuple[str, str, str, int]] = [
        ("normalised rows, by q, k, v", "layer0.qkv", "A", encoder_plan.ARENA),
        ("weights of q, k, v", "layer0.qkv", "B", encoder_plan.WEIGHTS),
        ("queries", "layer0.attention", "A", encoder_plan.ARENA),
        ("keys and values", "layer0.attention", "B", encoder_plan.ARENA),
        ("attention's output and the residual, by out", "layer0.out", "A", encoder_plan.ARENA),
        ("weights of out", "layer0.out", "B", encoder_plan.WEIGHTS),
        ("residual stream, by a layer norm", "layer0.norm2", "A", encoder_plan.ARENA),
        ("normalised rows, by FC1", "layer0.fc1", "A", encoder_plan.ARENA),
        ("weights of FC1", "layer0.fc1", "B", encoder_plan.WEIGHTS),
        ("hidden rows and the residual, by FC2", "layer0.fc2", "A", encoder_plan.ARENA),
        ("weights of FC2", "layer0.fc2", "B", encoder_plan.WEIGHTS),
    ]
    rows: list[list[str]] = []
    layers = dims_of(MODEL).n_audio_layer
    for name, operation, channel, argument in what:
        once, read = layout.distinct(operations[operation], channel, argument)
        saved = layers * (read - once)
        rows.append([
            name, channel, mb(once), mb(read), f"{read / once:.1f}", mb(saved),
            milliseconds(saved / MACHINE.bytes_per_cycle),
        ])  # fmt: skip
    return table(
        ("read in a layer", "over", "different, MB", "read, MB", "times", "too much a window, MB", "DDR, ms"), rows
    )


def hidden_bytes(dims: ModelDims) -> tuple[int, int]:
    """Bytes of the feed-forward's hidden rows that a window's FC1 write and FC2 read."""
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))
    place = plan.areas["hidden"]

    def inside(operation: Operation, channel: str) -> int:
        moved = 0
        for name, transfer in layout.transfers(operation):
            if name[0] == channel and transfer.argument == encoder_plan.ARENA:
                lies = place.offset <= transfer.offset < place.offset + place.size
                moved += layout.total_bytes(transfer) if lies else 0
        return moved

    operations = encoder.Encoder(plan).operations()
    written = sum(inside(op, "C") for op in operations if op.text.endswith(".fc1"))
    read = sum(inside(op, "A") for op in operations if op.text.endswith(".fc2"))
    return written, read


def fused_rows(dims: ModelDims) -> int:
    """Rows of a row of cores whose FC2 sums (float or int32, columns over four cores) fit a core's accumulators."""
    accumulators = 4 * int(encoder.encoder_parameters()["acc"].removeprefix("memref<").split("x")[0])
    columns = (
        encoder_plan.EncoderShape.of(dims).padded(encoder_plan.EncoderShape.of(dims).channel_tiles) * 64 // NPU1.columns
    )
    return min(64, accumulators // (4 * columns) // 4 * 4)


def hidden_table() -> str:
    """The trip of the feed-forward's hidden rows to DDR and back, and what one pass would take."""
    rows: list[list[str]] = []
    for model in OTHERS:
        dims = dims_of(model)
        parts = encoder_traffic(dims, MACHINE)
        forward = add("", [t for t in parts if t.name.endswith((".fc1", ".fc2"))])
        written, read = hidden_bytes(dims)
        trip = written + read
        once = sum(
            layout.distinct(op, "B", encoder_plan.WEIGHTS)[0]
            for op in encoder_operations(dims)
            if op.text.endswith((".fc1", ".fc2"))
        )
        at_once = fused_rows(dims)
        passes = -(-encoder_plan.ROW_TILES * 64 // (ROWS * at_once))
        more = once * passes - forward.through("B")
        rows.append([
            model, mb(written), mb(read), f"{trip / add('', parts).bytes:.0%}", milliseconds(forward.cycles["compute"]),
            milliseconds(forward.cycles["DDR"]), milliseconds((forward.bytes - trip) / MACHINE.bytes_per_cycle),
            f"{forward.bytes / forward.cycles['compute'] * MACHINE.clock:.0f}", str(at_once), str(passes), mb(more),
        ])  # fmt: skip
    return table(
        ("model", "FC1 writes, MB", "FC2 reads, MB", "of all traffic", "FC1 + FC2: compute, ms", "DDR, ms",
         "DDR without the trip, ms", "hidden from, GB/s", "one pass: rows at once", "passes over the weights",
         "weights read more, MB"), rows,
    )  # fmt: skip


def rows_table() -> str:
    """How the rows of a decoder's block lie on the cores."""
    rows: list[list[str]] = []
    shape = DecoderShape.of(dims_of(MODEL))
    for way in all_rows(shape):
        parts = decoder_traffic(decoder_step(dims_of(MODEL), way.total), MACHINE)
        t = add("", parts)
        products = add("", [p for p in parts if p.name.rpartition(".")[2] not in ("self", "cross")])
        rows.append([
            str(way.total), "columns" if way.slices == 1 else "rows", str(way.count), str(32 * way.slices),
            mb(products.of("weights")), f"{products.macs / products.of('weights'):.1f}", padding(products),
            milliseconds(products.cycles["compute"]), milliseconds(products.cycles["DDR"]),
            milliseconds(t.least / way.total),
        ])  # fmt: skip
    return table(
        ("rows of a step", "rows of cores split", "rows of a core", "columns of a core and tile", "weights read, MB",
         "MAC a byte of weights", "padding", "products: compute, ms", "DDR, ms", "step: least a row, ms"), rows,
    )  # fmt: skip


def pools_table() -> str:
    """What activations take of DDR, in their pools and one after the other."""
    rows: list[list[str]] = []
    for model in OTHERS:
        dims = dims_of(model)
        text = plan_decoder(DecoderShape.of(dims))
        pools = {"encoder, a window": encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims)).pool}
        for dispatch in (Dispatch(1, 1, 64), Dispatch(8, 4, 64), Dispatch(1, 128, 128)):
            what = f"{dispatch.windows} x {dispatch.rows} tokens"
            pools[f"decoder, {what}"] = plan_arena(text, dispatch).pool
        for name, pool in pools.items():
            shared = ", ".join(area.name for area in pool.areas if area.phases is not None)
            rows.append([model, name, mb(pool.bytes), mb(pool.apart), shared])
    return table(("model", "dispatch", "pool, MB", "one after the other, MB", "which share places"), rows)


def memory_table() -> str:
    """What fills a core's memory."""
    rows: list[list[str]] = []
    for name, device in layout.overlays().items():
        use = layout.uses(device)[0, 2]
        parts = ", ".join(f"{what} {size:,}" for what, size in layout.memory_of(use))
        memory = layout.uses(device)[0, 1]
        rows.append([
            name, parts, f"{use.bytes:,}", f"{use.memory_limit - use.bytes:,}",
            f"{memory.bytes:,} of {memory.memory_limit:,}",
        ])  # fmt: skip
    return table(("overlay", "bytes of a core", "sum", "left of 65,536", "memory tile"), rows)


def all_tables() -> dict[str, str]:
    """Every table of the page by the name of its place."""
    return {
        "mel": mel_table(),
        "encoder": encoder_table(),
        "again": again_table(),
        "hidden": hidden_table(),
        **{f"step {w}": step_table(w) for w in STEPS},
        "rows": rows_table(),
        "memory": memory_table(),
        "pools": pools_table(),
        "models": models_table(),
        "npu2": npu2_table(),
    }


def put(text: str, name: str, content: str) -> str:
    """`text` with what stands between the marks of `name` replaced. Raises ValueError where there are none."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no place for the table `{name}`")
    return head + begin + content + end + tail
