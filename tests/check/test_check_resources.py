"""Memory, locks, channels, descriptors and streams: at the limit, and one above it."""

from __future__ import annotations

from limit_designs import TILES, acquire, breaks, check, core, design, fifo, fits, link, release, rules, use

from aiebuild.check import check_module, raise_on
from aiebuild.dialect import DesignError, parse_module
from aiebuild.target import load_target


def buffer(name: str, tile: str, kind: str) -> str:
    return f'    %{name} = aie.buffer(%{tile}) {{sym_name = "{name}"}} : memref<{kind}>'


def stuck(name: str, port: str = "Consume", count: int = 1, kind: str = "64xi32") -> list[str]:
    return [acquire(name, port, count, kind), release(name, port, count)]


def with_buffer(size: int, stack: int = 1024) -> str:
    """A core with 2 x 8 KB in, 2 x 8 KB out, the stack and a buffer of `size` bytes."""
    return design(
        fifo("a", "shim", "%core", "8192xi8"),
        fifo("c", "core", "%shim", "8192xi8"),
        buffer("acc", "core", f"{size}xi8"),
        core("core", stuck("a", kind="8192xi8"), stuck("c", "Produce", kind="8192xi8"), stack=stack),
    )


def test_core_memory_at_the_limit():
    fits(with_buffer(65536 - 4 * 8192 - 1024))


def test_core_memory_above_the_limit():
    found = breaks(with_buffer(65536 - 4 * 8192 - 1024 + 1), "core-memory", "tile (0,2)", "65,568", "has 65,536")
    assert found.location == "design.mlir:14"
    assert "lower" in found.hint
    assert "the stack 1,024" in found.message
    assert "%acc 31,745" in found.message
    assert "@a 16,384" in found.message


def test_stack_counts():
    breaks(with_buffer(65536 - 4 * 8192 - 1024, stack=1056), "core-memory", "65,568")


def test_core_side_depth_follows_what_is_acquired():
    """A depth given once becomes one more than is acquired at once (findObjectFifoSize)."""
    kind = "16384xi8"

    def of(count: int, depth: str) -> str:
        return design(fifo("a", "shim", "%core", kind, depth), core("core", use("a", count=count, kind=kind)))

    fits(of(1, "4 : i32"))  # 2 objects at the core, whatever the depth
    fits(of(2, "4 : i32"))  # 3
    breaks(of(3, "4 : i32"), "core-memory", "@a 65,536")
    breaks(of(1, "[2, 4]"), "core-memory", "@a 65,536")  # as written


def test_neighbours_share_the_producer_s_memory():
    kind = "16384xi8"
    bodies = [core("core", use("a", "Produce", kind=kind)), core("north", use("a", kind=kind))]
    fits(design(fifo("a", "core", "%north", kind, "3 : i32"), *bodies))
    found = breaks(design(fifo("a", "core", "%north", kind, "4 : i32"), *bodies), "core-memory", "@a 65,536")
    assert found.tile == "tile (0,2)"


def test_neighbours_by_dma_take_memory_at_both():
    kind = "16384xi8"
    bodies = [core("core", use("a", "Produce", kind=kind)), core("north", use("a", kind=kind))]
    text = design(fifo("a", "core", "%north", kind, "[3, 3]", attributes="via_DMA = true"), *bodies)
    fits(text)
    found = check(design(fifo("a", "core", "%north", kind, "[4, 4]", attributes="via_DMA = true"), *bodies))
    assert [v.tile for v in found] == ["tile (0,2)", "tile (0,3)"]


def through_memory(size: int, depth: int, count: int) -> str:
    """`count` streams through one memory tile, `depth` objects of `size` bytes each."""
    parts: list[str] = []
    for index in range(count):
        shim = ("shim", "shim1")[index // 2]
        parts.append(fifo(f"in{index}", shim, "%mem", f"{size}xi8", f"{depth} : i32"))
        parts.append(fifo(f"out{index}", "mem", f"%{shim}", f"{size}xi8", f"{depth} : i32"))
        parts.append(link(f"@in{index}", f"@out{index}"))
    return design(*parts)


def test_a_link_has_its_objects_once():
    fits(through_memory(262144, 2, 1))


def test_memory_tile_spills_into_a_neighbour():
    fits(through_memory(262144, 2, 2))


def test_memory_tile_memory():
    found = breaks(
        through_memory(262144, 2, 3)
        .replace("aie.device(npu1)", "aie.device(npu1_2col)")
        .replace("    %far = aie.tile(3, 5)\n", ""),
        "memory-tile-memory",
        "has 524,288",
    )
    assert found.tile == "tile (0,1)"


def test_locks():
    def of(count: int) -> str:
        locks = [f"    %l{index} = aie.lock(%core) {{init = 1 : i32}}" for index in range(count)]
        return design(fifo("a", "shim", "%core"), core("core", use("a")), *locks)

    fits(of(14))
    breaks(of(15), "locks", "needs 17 locks, has 16")


def test_lock_numbers_and_values():
    fits(design("    %l = aie.lock(%core, 15) {init = 63 : i32}"))
    breaks(design("    %l = aie.lock(%core, 16)"), "lock", "the last is 15")
    breaks(design("    %l = aie.lock(%core, 1)", "    %m = aie.lock(%core, 1)"), "lock", "number 1 twice")
    breaks(design("    %l = aie.lock(%core, 1) {init = 64 : i32}"), "lock-value", "the limit is 63")
    fits(design("    %l = aie.lock(%mem, 63)"))
    breaks(design("    %l = aie.lock(%mem, 64)"), "lock", "the last is 63")


def test_lock_value_of_repeated_objects():
    def of(repeat: int) -> str:
        return design(
            fifo("in", "shim", "%mem", "64xi32", "1 : i32"),
            fifo("out", "mem", "%shim", "64xi32", "1 : i32", attributes=f"repeat_count = {repeat} : i32"),
            link("@in", "@out"),
        )

    fits(of(63))
    breaks(of(64), "lock-value", "x 64 repeats", "the limit is 63")


def consumers(count: int) -> str:
    names = ["abcdef"[index] for index in range(count)]
    streams = [fifo(name, ("shim", "shim1")[index // 2], "%core") for index, name in enumerate(names)]
    return design(*streams, core("core", *(use(name) for name in names)))


def test_core_channels():
    fits(consumers(2))
    found = breaks(consumers(3), "dma-channels", "needs 3 S2MM channels, has 2: @a, @b, @c")
    assert found.tile == "tile (0,2)"


def test_shim_channels():
    streams = [fifo(f"s{index}", "shim", "%mem") for index in range(3)]
    fits(design(*streams[:2]))
    breaks(design(*streams), "dma-channels", "tile (0,0)", "needs 3 MM2S channels, has 2")


def test_memory_tile_channels():
    def of(count: int) -> str:
        return design(
            *(fifo(f"s{n}", ("shim", "shim1", "shim2", "shim3")[n // 2], "%mem", "4xi32") for n in range(count)),
            "    %shim2 = aie.tile(2, 0)",
            "    %shim3 = aie.tile(3, 0)",
        )

    fits(of(6))
    breaks(of(7), "dma-channels", "tile (0,1)", "needs 7 S2MM channels, has 6")


def test_pinned_channels():
    def of(first: int, second: int) -> str:
        return design(
            fifo("a", "shim", "%mem", attributes=f"prod_dma_channel = {first} : i32"),
            fifo("b", "shim", "%mem", attributes=f"prod_dma_channel = {second} : i32"),
        )

    fits(of(1, 0))
    breaks(of(1, 1), "dma-channel", "@b pins MM2S channel 1, which is taken")
    breaks(of(0, 2), "dma-channel", "above the last, 1")


def test_channels_taken_by_allocations():
    text = design("    aie.shim_dma_allocation @x (%shim, MM2S, 0)", fifo("a", "shim", "%mem"))
    fits(text)
    text = design(
        "    aie.shim_dma_allocation @x (%shim, MM2S, 0)", fifo("a", "shim", "%mem"), fifo("b", "shim", "%mem")
    )
    breaks(text, "dma-channels", "others are taken")


def test_core_descriptors():
    def of(depth: int) -> str:
        return design(
            fifo("a", "shim", "%core", "4xi32", f"[1, {depth}]"),
            fifo("c", "core", "%shim", "4xi32", "[2, 2]"),
            core("core", use("a", kind="4xi32"), use("c", "Produce", kind="4xi32")),
        )

    fits(of(14))
    breaks(of(15), "descriptors", "needs 17 buffer descriptors, has 16")


def test_memory_tile_descriptors_by_parity():
    """Channel 0 (even) of a memory tile has 24 of the 48 descriptors."""

    def of(depth: int) -> str:
        return design(
            fifo("in", "shim", "%mem", "4xi32", f"{depth} : i32"),
            fifo("out", "mem", "%shim", "4xi32"),
            link("@in", "@out"),
        )

    fits(of(12))  # 12 in and 12 out, both on channel 0
    breaks(of(13), "descriptors", "needs 26 buffer descriptors on its even channels, has 24")


def test_descriptors_of_a_join():
    """Each part takes its objects' descriptors once, the joined side depth x parts."""

    def of(depth: int) -> str:
        parts = [fifo(f"c{index}", tile, "%mem", "4xi32") for index, tile in enumerate(("core", "north", "c2", "c3"))]
        bodies = [
            core(tile, use(f"c{index}", "Produce", kind="4xi32"))
            for index, tile in enumerate(("core", "north", "c2", "c3"))
        ]
        return design(
            "    %c2 = aie.tile(0, 4)",
            "    %c3 = aie.tile(0, 5)",
            *parts,
            fifo("out", "mem", "%shim", "16xi32", f"{depth} : i32"),
            link("@c0, @c1, @c2, @c3", "@out", "0, 4, 8, 12"),
            *bodies,
        )

    fits(of(4))  # even: c0, c2 and out: 4 + 4 + 16
    breaks(of(5), "descriptors", "needs 30 buffer descriptors on its even channels")


def test_streams_from_cores():
    def of(count: int) -> str:
        tiles = [f"    %t{n} = aie.tile({n % 2}, {2 + n // 2})" for n in range(count)]
        text = design(
            *(fifo(f"c{n}", f"t{n}", "%mem", "4xi32") for n in range(count)),
            *(core(f"t{n}", use(f"c{n}", "Produce", kind="4xi32")) for n in range(count)),
        )
        return text.replace(TILES, "\n    %mem = aie.tile(0, 1)\n" + "\n".join(tiles) + "\n")

    fits(of(4))
    breaks(of(5), "streams", "takes 5 streams from cores, has 4 ports")


def test_grid():
    breaks(design("    %t = aie.tile(4, 2)"), "grid", "tile (4,2)", "outside npu1", "4 columns and 6 rows")
    breaks(design("    %t = aie.tile(0, 6)"), "grid", "outside npu1")
    breaks(design("    %t = aie.tile(0, 2)"), "grid", "declared twice")
    fits(design("    %t = aie.tile(7, 5)", device="npu2"), "npu2")
    breaks(design(device="npu1_2col"), "grid", "tile (3,5)", "2 columns")
    breaks(design(device="npu2"), "device", "design is for npu2, checked for npu1")


def test_a_core_needs_a_core_tile():
    breaks(
        design("    %x = aie.core(%mem) {\n      aie.end\n    }"),
        "tile-kind",
        "is a memory tile and cannot have a core",
    )


def test_no_memory_at_a_shim():
    breaks(design(buffer("b", "shim", "4xi32")), "shim-memory", "has no memory for %b")


def test_one_error_for_all():
    module = parse_module(consumers(3), "d.mlir")
    found = check_module(module, load_target("npu1"))
    raise_on([])
    try:
        raise_on([*found, *found])
    except DesignError as error:
        assert error.message.startswith("d.mlir:13: tile (0,2) needs 3 S2MM channels")
        assert error.message.endswith("(and 1 more)")
        assert error.detail is not None
        assert error.hint is not None
        assert error.exit_code == 1
    else:
        raise AssertionError("no error")


def test_several_devices_are_checked_each():
    good = design().removeprefix("module {\n").removesuffix("}\n").replace("(npu1)", "(npu1) @one")
    bad = consumers(3).removeprefix("module {\n").removesuffix("}\n").replace("(npu1)", "(npu1) @two")
    assert rules(f"module {{\n{good}{bad}}}\n") == ["dma-channels"]
