"""Objectfifos as they are linked and used by cores; runtime sequences in order."""

from __future__ import annotations

import time

from limit_designs import (
    PASS,
    acquire,
    breaks,
    check,
    core,
    design,
    fifo,
    fits,
    free,
    link,
    release,
    rules,
    sequence,
    start,
    task,
    use,
    wait,
)

from aiebuild.check import check_module
from aiebuild.dialect import parse_module
from aiebuild.target import load_target

# -- cores ------------------------------------------------------------------------------------------------------------


def test_acquire_within_the_depth():
    fits(design(fifo("a", "shim", "%core"), core("core", use("a", count=2))))
    breaks(
        design(fifo("a", "shim", "%core"), core("core", use("a", count=3))),
        "acquire",
        "acquires 3 objects of @a, which has 2 here",
    )


def test_acquire_within_the_shared_depth():
    """Neighbours share one pool: the producer's depth holds for both."""

    def of(count: int) -> str:
        return design(
            fifo("a", "core", "%north", depth="[2, 4]"),
            core("core", use("a", "Produce")),
            core("north", use("a", count=count)),
        )

    fits(of(2))
    breaks(of(3), "acquire", "which has 2 here")


def test_endpoints():
    breaks(design(fifo("a", "shim", "%mem"), core("core", use("a"))), "endpoint", "tile (0,2)", "@a as consumer")
    breaks(design(fifo("a", "core", "%mem"), core("core", use("a"))), "endpoint", "as consumer, which it is not")
    breaks(design(fifo("a", "shim", "%core"), core("core", use("a"), use("a", "Produce"))), "endpoint", "as producer")
    breaks(design(core("core", use("b"))), "fifo-name", "@b, which is no objectfifo")


def test_object_types():
    breaks(design(fifo("a", "shim", "%core"), core("core", use("a", kind="32xi32"))), "object-size", "memref<32xi32>")


def test_a_consumer_must_consume():
    found = breaks(design(fifo("a", "shim", "%core"), core("core")), "idle", "never acquires from it")
    assert found.tile == "tile (0,2)"


def test_balance_of_a_loop():
    fits(design(fifo("a", "shim", "%core"), core("core", acquire("a"), release("a"))))
    breaks(
        design(fifo("a", "shim", "%core"), core("core", acquire("a"), release("a", count=2))),
        "balance",
        "releases 2 objects of @a and holds 1",
    )
    breaks(design(fifo("a", "shim", "%core"), core("core", release("a"), acquire("a"))), "balance", "and holds 0")


def test_balance_of_a_window():
    """Three held, one released, over and over: what stays held counts."""
    fits(design(fifo("a", "shim", "%core", depth="4 : i32"), core("core", acquire("a", count=3), release("a"))))


def test_balance_in_the_second_pass():
    """The first pass has two objects left from before the loop, the second none."""
    text = core("core", release("a"), passes="2").replace("      scf.for", acquire("a", count=1) + "\n      scf.for", 1)
    breaks(design(fifo("a", "shim", "%core"), text), "balance", "holds 0")
    text = core("core", release("a"), passes="2").replace("      scf.for", acquire("a", count=2) + "\n      scf.for", 1)
    fits(design(fifo("a", "shim", "%core"), text))


def test_a_loop_that_never_runs():
    fits(design(fifo("a", "shim", "%core"), core("core", acquire("a"), release("a"), release("a"), passes="0")))


BRANCH = """
        %flag = arith.cmpi slt, %pass, %c1 : index
        scf.if %flag {{
          {0}
        }} else {{
          {1}
        }}"""


def test_balance_of_branches():
    both = BRANCH.format(release("a").strip(), release("a").strip())
    fits(design(fifo("a", "shim", "%core"), core("core", acquire("a"), both)))
    breaks(design(fifo("a", "shim", "%core"), core("core", acquire("a"), both, release("a"))), "balance", "holds 0")
    one = BRANCH.format(release("a").strip(), "")
    fits(design(fifo("a", "shim", "%core"), core("core", acquire("a"), one, release("a"))))  # known at run time only


def test_balance_with_a_trip_count_of_run_time():
    inner = "\n".join(
        [
            "        %word = memref.load %params[%c0] : memref<8xi32>",
            "        %n = arith.index_cast %word : i32 to index",
            "        scf.for %i = %c0 to %n step %c1 {",
            "BODY",
            "        }",
        ]
    )
    params = "    %params = aie.buffer(%core) : memref<8xi32>"
    fits(design(fifo("a", "shim", "%core"), params, core("core", inner.replace("BODY", "\n".join(use("a"))))))
    body = inner.replace("BODY", "\n".join([acquire("a"), release("a", count=2)]))
    breaks(design(fifo("a", "shim", "%core"), params, core("core", body)), "balance", "holds 1")


def test_calls():
    call = "        func.call @f(%c) : (i32) -> ()"
    value = "        %c = arith.constant 1 : i32"
    declared = '    func.func private @f(i32) attributes {link_with = "f.o"}'
    fits(design(declared, core("core", value, call)))
    breaks(design(core("core", value, call)), "call", "tile (0,2)", "@f, which is not declared")
    breaks(design(declared.replace("i32)", "i64)"), core("core", value, call)), "call", "with (i32), it takes (i64)")
    breaks(design("    func.func private @f(i32)", core("core", value, call)), "call", "no object file")
    older = core("core", value, call).replace("{stack_size", '{link_with = "f.o", stack_size')
    fits(design("    func.func private @f(i32)", older))


def test_reach_of_cores():
    def of(tile: str) -> str:
        load = "        %x = memref.load %b[%c0] : memref<4xi32>"
        return design(
            "    %west = aie.tile(2, 5)",
            "    %above = aie.tile(3, 4)",
            f"    %b = aie.buffer(%{tile}) : memref<4xi32>",
            core("far", load),
        )

    for tile in ("far", "west", "above"):
        fits(of(tile))
    breaks(of("core"), "reach", "tile (3,5) uses a buffer of tile (0,2), which it does not reach")
    lock = "        aie.use_lock(%l, Acquire, 1)"
    breaks(design("    %l = aie.lock(%core)", core("far", lock)), "reach", "uses a lock of tile (0,2)")


def test_buffers_in_cores():
    text = "        %b = aie.buffer(%core) : memref<4xi32>"
    breaks(design(core("core", text)), "buffer", "inside the core")
    fits(design(core("core", text + " = dense<0>")))


def test_delegated_memory():
    def of(tile: str) -> str:
        return design(
            fifo("a", "core", "%north"),
            f"    aie.objectfifo.allocate @a(%{tile})",
            core("core", use("a", "Produce")),
            core("north", use("a")),
        )

    fits(of("north"))
    breaks(of("far"), "reach", "cannot reach tile (3,5)")


# -- links ------------------------------------------------------------------------------------------------------------


def distributed(offsets: str, *sizes: int, whole: int = 64) -> str:
    names = [f"p{index}" for index in range(len(sizes))]
    tiles = ["core", "north"]
    parts = [fifo(n, "mem", f"%{t}", f"{s}xi32") for n, t, s in zip(names, tiles, sizes, strict=True)]
    bodies = [core(t, use(n, kind=f"{s}xi32")) for n, t, s in zip(names, tiles, sizes, strict=True)]
    return design(
        fifo("in", "shim", "%mem", f"{whole}xi32"),
        *parts,
        link("@in", ", ".join(f"@{name}" for name in names), "", offsets),
        *bodies,
    )


def test_distribute():
    fits(distributed("0, 32", 32, 32))
    fits(distributed("0, 16", 16, 48))
    breaks(distributed("0, 32", 32, 16), "link-offsets", "moves 128 B at offset 32 of @in, @p1 has objects of 64 B")
    breaks(distributed("32, 0", 32, 32), "link-offsets", "must start at 0 and rise")
    breaks(distributed("0", 32, 32), "link-offsets", "1 offsets for 2 objectfifos")


def test_join():
    def of(offsets: str, kind: str = "32xi32", whole: str = "64xi32") -> str:
        parts = [fifo("c0", "core", "%mem", kind), fifo("c1", "north", "%mem", kind)]
        bodies = [core("core", use("c0", "Produce", kind=kind)), core("north", use("c1", "Produce", kind=kind))]
        return design(*parts, fifo("out", "mem", "%shim", whole), link("@c0, @c1", "@out", offsets), *bodies)

    fits(of("0, 32"))
    breaks(of("0, 16"), "link-offsets", "64 B at offset 0 of @out, @c0 has objects of 128 B")
    breaks(of("0, 6", "6xi8", "12xi8"), "granularity", "offset 6 of @out, 6 B")


def test_links_meet():
    text = design(fifo("a", "shim", "%mem"), fifo("b", "mem1", "%shim"), link("@a", "@b"))
    breaks(text, "link", "meet at no tile")
    breaks(design(fifo("a", "shim", "%mem"), link("@a", "@b")), "link", "@b, which is no objectfifo")


def test_one_link_each():
    text = design(
        fifo("a", "shim", "%mem"),
        fifo("b", "mem", "%shim"),
        fifo("c", "mem", "%shim"),
        link("@a", "@b"),
        link("@a", "@c"),
    )
    breaks(text, "link", "@a is in two links")


def test_joins_are_at_memory_tiles():
    text = design(
        fifo("a", "shim", "%core"),
        fifo("b", "core", "%mem", "32xi32"),
        fifo("c", "core", "%mem", "32xi32"),
        link("@a", "@b, @c", "", "0, 32"),
    )
    breaks(text, "link", "joins or distributes at a core")


def test_no_use_at_the_tile_of_a_link():
    text = design(fifo("a", "shim", "%core"), fifo("b", "core", "%shim"), link("@a", "@b"), core("core", use("a")))
    breaks(text, "endpoint", "at the tile where it is linked")


def test_declarations():
    breaks(design(fifo("a", "shim", "%mem", attributes="repeat_count = 2 : i32")), "repeat", "a shim cannot")
    breaks(design(fifo("a", "shim", "%mem, %mem")), "broadcast", "consumer of @a twice")
    breaks(design(fifo("a", "shim", "%mem", depth="0 : i32")), "depth", "depth 0")


# -- sequences --------------------------------------------------------------------------------------------------------


def test_arguments():
    def of(count: int) -> str:
        return design(sequence(arguments=", ".join(f"%x{n}: memref<4xi32>" for n in range(count))))

    fits(of(16))
    breaks(of(17), "arguments", "takes 17 buffers, the limit is 16")


def queue(count: int, channel: str = "in") -> list[str]:
    return [
        line
        for n in range(count)
        for line in (task(f"{channel}{n}", channel, "offset = 0 len = 256"), start(f"{channel}{n}"))
    ]


def test_task_queue():
    fits(design(PASS, sequence(*queue(5))))
    found = breaks(
        design(PASS, sequence(*queue(6))),
        "task-queue",
        "queues task 6 on @in with 5 not known to be over",
        "the limit is 5 (4 waiting and one running)",
    )
    assert found.tile == "tile (0,0)"
    assert "await" in found.hint


def test_task_queue_of_each_channel():
    fits(design(PASS, sequence(*queue(5), *queue(5, "out"))))


def test_an_await_frees_the_queue():
    first = [task("t", "in", token=True), start("t")]
    fits(design(PASS, sequence(*first, *queue(4), wait("t"), task("u", "in"), start("u"))))
    last = [task("t", "in", token=True), start("t"), wait("t")]
    fits(
        design(
            PASS,
            sequence(*queue(4), *last, *queue(5))
            .replace("%in0 =", "%x =", 1)
            .replace("%in0)", "%x)", 1)
            .replace("%in1 =", "%y =", 1)
            .replace("%in1)", "%y)", 1)
            .replace("%in2 =", "%z =", 1)
            .replace("%in2)", "%z)", 1)
            .replace("%in3 =", "%w =", 1)
            .replace("%in3)", "%w)", 1),
        )
    )


def test_an_output_proves_its_inputs():
    """Inputs without tokens are over when they are freed after the output's await."""
    body = [*queue(4), task("o", "out", token=True), start("o"), wait("o"), free("in0", "in1", "in2", "in3")]
    again = [line.replace("%in", "%next") for line in queue(5)]
    fits(design(PASS, sequence(*body, *again)))
    again = [line.replace("%in", "%next") for line in queue(6)]
    assert rules(design(PASS, sequence(*body, *again))) == ["task-queue"]


def test_free_needs_an_await():
    breaks(design(PASS, sequence(task("t", "in"), start("t"), free("t"))), "free", "no await since it was started")
    fits(design(PASS, sequence(task("t", "in", token=True), start("t"), wait("t"), free("t"))))


def test_tokens():
    breaks(design(PASS, sequence(task("t", "in"), start("t"), wait("t"))), "token", "gives no token")
    twice = sequence(task("t", "in", token=True), start("t"), wait("t", "t"))
    breaks(design(PASS, twice), "token", "none is outstanding: it waits for ever")
    breaks(design(PASS, sequence(task("t", "in", token=True), wait("t"))), "token", "none is outstanding")


def test_descriptors_of_a_shim():
    def of(count: int) -> str:
        return design(PASS, sequence(*(task(f"t{n}", "in") for n in range(count))))

    fits(of(16))
    breaks(of(17), "descriptors", "more than 16 buffer descriptors at once")


def test_descriptors_are_used_again():
    body = [line for n in range(40) for line in (task(f"t{n}", "in", token=True), start(f"t{n}"), wait(f"t{n}"))]
    fits(design(PASS, sequence(*body)))


def test_descriptor_numbers():
    text = task("t", "in").replace("len = 256)", "len = 256) {bd_id = NUMBER : i32}")
    fits(design(PASS, sequence(text.replace("NUMBER", "15"))))
    breaks(design(PASS, sequence(text.replace("NUMBER", "16"))), "bd-id", "takes 0 to 15")
    twice = [text.replace("NUMBER", "3"), text.replace("NUMBER", "3").replace("%t ", "%u ")]
    breaks(design(PASS, sequence(*twice)), "bd-id", "descriptor 3 while it is in use")


def test_names():
    breaks(design(PASS, sequence(task("t", "nothing"))), "fifo-name", "@nothing, which has no end at a shim")
    fits(design(PASS, sequence(task("t", "in_shim_alloc"))))
    wait_line = "      aiex.npu.dma_wait {symbol = @nothing}"
    breaks(design(PASS, sequence(wait_line)), "fifo-name", "waits for @nothing")


def copy(number: int, channel: str, token: str = "") -> str:
    return (
        f"      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 256][0, 0, 0, 1]) "
        f"{{id = {number} : i64, {token}metadata = @{channel}}} : memref<1048576xi8>"
    )


def test_transfers():
    done = "      aiex.npu.dma_wait {symbol = @out}"
    fits(design(PASS, sequence(copy(0, "out"), copy(1, "in"), done, copy(0, "out"), copy(1, "in"), done)))
    breaks(design(PASS, sequence(copy(0, "out"), copy(0, "out"))), "bd-id", "descriptor 0 again with no wait")
    breaks(design(PASS, sequence(copy(16, "out"))), "bd-id", "the last is 15")
    breaks(design(PASS, sequence(done)), "token", "none is outstanding")
    breaks(
        design(PASS, sequence(copy(1, "in"), "      aiex.npu.dma_wait {symbol = @in}")), "token", "none is outstanding"
    )
    fits(design(PASS, sequence(*(copy(n, "in") for n in range(5)))))
    breaks(design(PASS, sequence(*(copy(n, "in") for n in range(6)))), "task-queue", "transfer 6 on @in")


def test_loops_are_followed():
    loop = "\n".join(
        [
            "      %c0 = arith.constant 0 : index",
            "      %c1 = arith.constant 1 : index",
            "      %n = arith.constant {} : index",
            "      scf.for %i = %c0 to %n step %c1 {{",
            task("t", "in").replace("{", "{{").replace("}", "}}"),
            start("t"),
            "      }}",
        ]
    )
    fits(design(PASS, sequence(loop.format(5))))
    breaks(design(PASS, sequence(loop.format(6))), "task-queue")


def test_tasks_of_other_tiles_name_their_descriptors():
    text = """
    %b = aie.buffer(%mem) : memref<256xi8>
    aie.runtime_sequence(%a: memref<256xi8>) {{
      %t = aiex.dma_configure_task(%mem, MM2S, {}) {{
        aie.dma_bd(%b : memref<256xi8> offset = 0 len = 256){}
        aie.end
      }}
      aiex.dma_start_task(%t)
    }}"""
    fits(design(text.format(4, " {bd_id = 23 : i32}")))
    fits(design(text.format(5, " {bd_id = 24 : i32}")))
    breaks(design(text.format(5, " {bd_id = 23 : i32}")), "bd-id", "takes 24 to 47")
    breaks(design(text.format(4, "")), "bd-id", "without a number")
    assert rules(design(text.format(6, " {bd_id = 0 : i32}"))) == ["dma-channel"]


# -- programs ---------------------------------------------------------------------------------------------------------


def test_programs():
    text = """
    %b = aie.buffer(%mem) : memref<256xi8>
    %m = aie.memtile_dma(%mem) {{
      %0 = aie.dma_start(MM2S, {0}, ^bd, ^end)
    ^bd:
      aie.dma_bd(%b : memref<256xi8> offset = 0 len = 256){1}
      aie.next_bd ^bd
    ^end:
      aie.end
    }}"""
    fits(design(text.format(5, " {bd_id = 24 : i32}")))
    breaks(design(text.format(6, "")), "dma-channel", "uses MM2S channel 6, has 6")
    breaks(design(text.format(5, " {bd_id = 3 : i32}")), "bd-id", "takes 24 to 47")
    breaks(design(text.format(0, "").replace("%mem)", "%core)")), "tile-kind", "cannot have aie.memtile_dma")
    other = text.format(0, "").replace("aie.buffer(%mem)", "aie.buffer(%mem1)")
    fits(design(other))
    breaks(design(other.replace("MM2S, 0", "MM2S, 4")), "dma-reach", "only channels 0 to 3 can")
    far = text.format(0, "").replace("aie.buffer(%mem)", "aie.buffer(%core)")
    breaks(design(far), "dma-reach", "which its DMA does not reach")


def test_long_sequences_are_checked_quickly():
    body: list[str] = []
    for n in range(1000):
        body += [task(f"t{n}", ("in", "out")[n % 2], "offset = 0 len = 256", token=True), start(f"t{n}"), wait(f"t{n}")]
    module = parse_module(design(PASS, sequence(*body)), "long.mlir")
    assert sum(1 for _ in module.walk()) > 5000
    begin = time.process_time()
    assert check_module(module, load_target("npu1")) == []
    assert time.process_time() - begin < 1.0


def test_locations_name_the_line():
    found = check(design(PASS, sequence(*queue(6))))
    text = design(PASS, sequence(*queue(6))).splitlines()
    assert found[0].location.startswith("design.mlir:")
    assert "dma_start_task(%in5)" in text[int(found[0].location.split(":")[1]) - 1]
