"""Objectfifos as cores use them: endpoints, counts, balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xdsl.dialects.func import CallOp
from xdsl.dialects.scf import ForOp, IfOp, IndexSwitchOp, WhileOp
from xdsl.ir import Block, Operation

from aiebuild.check.allocation import Allocation, shared_tile
from aiebuild.check.design import Coordinates, Design, at
from aiebuild.check.patterns import constant
from aiebuild.dialect.assembly import symbol_text
from aiebuild.dialect.attributes import Port
from aiebuild.dialect.circuits import LockOp
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.structure import BufferOp, CoreOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp, ObjectFifoReleaseOp, SubviewAccessOp

Use = ObjectFifoAcquireOp | ObjectFifoReleaseOp
Key = tuple[str, Port]


def check_cores(design: Design, allocation: Allocation) -> None:
    """Every core's use of objectfifos."""
    for core in design.cores:
        where = at(core.tile_value)
        if where is None:
            continue
        seen: dict[Key, Operation] = {}
        for op in core.body.walk():
            if isinstance(op, Use):
                _check_use(design, allocation, core, where, op)
                seen.setdefault((op.fifo_name, op.port), op)
            elif isinstance(op, SubviewAccessOp):
                _check_access(design, where, op)
            elif isinstance(op, CallOp):
                _check_call(design, core, where, op)
            elif isinstance(op, BufferOp) and "initial_value" not in op.properties:
                message = "declares a buffer without first contents inside the core"
                design.report("buffer", op, where, message, "declare it in the device")
            _check_reach(design, where, op)
        if seen:
            _check_balance(design, core, where)
        _check_idle(design, core, where, seen)


def _check_use(design: Design, allocation: Allocation, core: CoreOp, where: Coordinates, op: Use) -> None:
    fifo = design.fifos.get(op.fifo_name)
    verb = "acquires from" if isinstance(op, ObjectFifoAcquireOp) else "releases to"
    if fifo is None:
        design.report("fifo-name", op, where, f"{verb} @{op.fifo_name}, which is no objectfifo of the device")
        return
    index = _endpoint(fifo, where, op.port)
    if index is None:
        side = "producer" if op.port is Port.Produce else "consumer"
        message = f"{verb} @{op.fifo_name} as {side}, which it is not"
        design.report("endpoint", op, where, message, f"name the tile as {side} of @{op.fifo_name}")
        return
    for link in design.links:
        if op.fifo_name in (*link.inputs, *link.outputs) and shared_tile(design, link) == where:
            message = f"{verb} @{op.fifo_name} at the tile where it is linked"
            design.report("endpoint", op, where, message, "a link's tile only passes objects on")
    if isinstance(op, ObjectFifoReleaseOp):
        return
    end = allocation.end(op.fifo_name, index) or allocation.end(op.fifo_name, 0)
    declared = fifo.depths[0] if end is not None and end.shared else fifo.depth(index)
    if op.size > declared:
        message = f"acquires {op.size} objects of @{op.fifo_name}, which has {declared} here"
        design.report("acquire", op, where, message, "raise the depth or acquire fewer")
    expected = fifo.consumer_object_type if index else fifo.object_type
    if op.object_type != expected and op.object_type != fifo.object_type:
        message = f"acquires objects of type {op.object_type} from @{op.fifo_name}, which has {expected}"
        design.report("object-size", op, where, message)


def _endpoint(fifo: ObjectFifoOp, where: Coordinates, port: Port) -> int | None:
    """0 for the producer, 1 and up for the consumers; None when the tile is not one."""
    if port is Port.Produce:
        return 0 if at(fifo.producer_value) == where else None
    for index, value in enumerate(fifo.consumer_values, start=1):
        if at(value) == where:
            return index
    return None


def _check_access(design: Design, where: Coordinates, op: SubviewAccessOp) -> None:
    acquire = op.acquire
    if acquire is None:
        design.report("acquire", op, where, "takes an object of something other than an acquire")
    elif op.index >= acquire.size:
        message = f"takes object {op.index} of an acquire of {acquire.size}"
        design.report("acquire", op, where, message, "objects count from 0")


def _check_call(design: Design, core: CoreOp, where: Coordinates, op: CallOp) -> None:
    """A call needs a function of that name, of those types, and an object file that has it."""
    name = symbol_text(op.callee)
    function = design.functions.get(name)
    if function is None:
        design.report(
            "call", op, where, f"calls @{name}, which is not declared in the device", "add a func.func private"
        )
        return
    expected = [str(kind) for kind in function.function_type.inputs]
    found = [str(value.type) for value in op.arguments]
    if expected != found:
        message = f"calls @{name} with ({', '.join(found)}), it takes ({', '.join(expected)})"
        design.report("call", op, where, message)
    if not function.body.blocks and "link_with" not in function.attributes and core.link_with is None:
        message = f"calls @{name}, which no object file is named for"
        design.report("call", op, where, message, 'add attributes {link_with = "..."} to its func.func')


def _check_reach(design: Design, where: Coordinates, op: Operation) -> None:
    """Buffers and locks that a core uses must be its own or a neighbour's."""
    for value in op.operands:
        owner = value.owner
        if not isinstance(owner, BufferOp | LockOp):
            continue
        home = at(owner.operands[0])
        if home is not None and not design.target.reaches(where, home):
            what = "buffer" if isinstance(owner, BufferOp) else "lock"
            message = f"uses a {what} of tile ({home[0]},{home[1]}), which it does not reach"
            hint = "a core reaches its own memory and that of its neighbours to the west, north and south"
            design.report("reach", op, where, message, hint)


def _check_idle(design: Design, core: CoreOp, where: Coordinates, seen: dict[Key, Operation]) -> None:
    """A consumer that never acquires stops the stream for all; a core that is linked elsewhere is not meant."""
    if core.elf_file is not None:
        return
    for fifo in design.fifos.values():
        if any(
            fifo.symbol in (*link.inputs, *link.outputs) and shared_tile(design, link) == where for link in design.links
        ):
            continue
        consumer = where in [at(value) for value in fifo.consumer_values]
        if consumer and (fifo.symbol, Port.Consume) not in seen and not fifo.disable_synchronization:
            message = f"is a consumer of @{fifo.symbol} and never acquires from it, so the stream stops"
            design.report("idle", core, where, message, "acquire and release each object")


def _blocks(op: Operation) -> Iterator[Block]:
    for region in op.regions:
        yield from region.blocks


def _check_balance(design: Design, core: CoreOp, where: Coordinates) -> None:
    """Follow the paths of a core: what is released must be held, and loops must end with what they began with.

    A block that others branch to is followed once, with what the first of them holds.
    """
    walker = _Walker(design, where)
    waiting: list[tuple[Block, Counter[Key]]] = [(core.body.blocks[0], Counter())] if core.body.blocks else []
    seen: set[Block] = set()
    while waiting:
        block, held = waiting.pop()
        if block in seen:
            continue
        seen.add(block)
        held = walker.block(block, held.copy())
        last = block.last_op
        waiting.extend((following, held) for following in (last.successors if last is not None else ()))


class _Walker:
    """Interprets acquires and releases of a core in order, loops once, branches side by side."""

    def __init__(self, design: Design, where: Coordinates) -> None:
        self.design = design
        self.where = where
        self.unknown: set[Key] = set()
        self.told: set[Key] = set()

    def block(self, block: Block, held: Counter[Key]) -> Counter[Key]:
        """What is held after a block that begins with `held`."""
        for op in block.ops:
            if isinstance(op, ObjectFifoAcquireOp):
                key = (op.fifo_name, op.port)
                held[key] = max(held[key], op.size)
            elif isinstance(op, ObjectFifoReleaseOp):
                self._release(op, held)
            elif isinstance(op, ForOp | WhileOp):
                self._loop(op, held)
            elif isinstance(op, IfOp | IndexSwitchOp):
                self._branch(op, held)
        return held

    def _release(self, op: ObjectFifoReleaseOp, held: Counter[Key]) -> None:
        key = (op.fifo_name, op.port)
        held[key] -= op.size
        if held[key] < 0 and key not in self.unknown:
            self._tell(
                key,
                op,
                f"releases {op.size} objects of @{op.fifo_name} and holds {held[key] + op.size}",
                "release only what was acquired on the same path",
            )
        held[key] = max(held[key], 0)

    def _loop(self, op: Operation, held: Counter[Key]) -> None:
        """Two passes: the second starts from what the first leaves, and finds what runs out by and by.

        Where a pass changes what is held and the trip count is known only at run time, what is held afterwards is
        uncertain, and later releases of that queue are not judged.
        """
        passes = trips(op)
        if passes == 0:
            return
        before = Counter(held)
        for block in _blocks(op):
            self.block(block, held)
        changed = {key for key in {*before, *held} if before[key] != held[key]}
        if passes == 1 or not changed:
            return
        for block in _blocks(op):
            self.block(block, held)
        if passes is None:
            self.unknown.update(changed)

    def _branch(self, op: Operation, held: Counter[Key]) -> None:
        ends = [self.block(block, Counter(held)) for block in _blocks(op)]
        if isinstance(op, IfOp) and not op.false_region.blocks:
            ends.append(Counter(held))
        if not ends:
            return
        for key in {key for end in ends for key in end}:
            values = {end[key] for end in ends}
            if len(values) > 1:
                self.unknown.add(key)
            held[key] = max(values)

    def _tell(self, key: Key, op: Operation, message: str, hint: str) -> None:
        if key not in self.told:
            self.told.add(key)
            self.design.report("balance", op, self.where, message, hint)


def trips(op: Operation) -> int | None:
    """The number of passes of a loop, None when it is known only at run time."""
    if not isinstance(op, ForOp):
        return None
    low, high, step = constant(op.lb), constant(op.ub), constant(op.step)
    if low is None or high is None or not step:
        return None
    return max(0, -(-(high - low) // step))
