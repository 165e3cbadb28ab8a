"""Bodies of cores as C++ coroutines.

Cores that differ only in which objectfifo ends, buffers and constants they use share one coroutine, which takes these
from a context: compile time then does not grow with the array.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import affine, arith, cf, func, memref, scf
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    DenseIntOrFPElementsAttr,
    NoneAttr,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from aiebuild.dialect import line_of
from aiebuild.dialect.attributes import LockAction, Port, memref_of
from aiebuild.dialect.circuits import UseLockOp
from aiebuild.dialect.raw import CopyOp
from aiebuild.dialect.structure import BufferOp, CoreOp, EndOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp, ObjectFifoReleaseOp, SubviewAccessOp
from aiebuild.host.affine import expressions
from aiebuild.host.body import Body, BufferUse, FifoUse, LockUse
from aiebuild.host.expressions import constant, expression
from aiebuild.host.refusal import refuse
from aiebuild.host.types import element_type, memref_bytes, memref_elements, scalar_type


class BodyWriter:
    def __init__(self, core: CoreOp) -> None:
        self.body = Body(core)
        self.names: dict[SSAValue, str] = {}
        self.views: dict[SSAValue, tuple[SSAValue, str, list[int]]] = {}
        """Parts of buffers: of what, where they begin, their strides in elements."""
        self.lines: list[str] = []
        self.indent = 1
        self.count = 0
        self.hoisted: list[str] | None = None  # declarations of a body in several blocks, all at its top

    # -- helpers ---------------------------------------------------------------------------------------
    def line(self, text: str) -> None:
        self.lines.append("  " * self.indent + text)

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def use(self, value: SSAValue) -> str:
        name = self.names.get(value)
        if name is not None:
            return name
        owner = value.owner
        if isinstance(owner, BufferOp):
            return self.buffer(owner)
        if isinstance(owner, arith.ConstantOp):  # defined outside of the core
            self.constant(owner)
            return self.names[value]
        where = owner if isinstance(owner, Operation) else self.body.core
        raise refuse(where, "a value from outside the core that is no buffer is not modelled")

    def buffer(self, op: BufferOp) -> str:
        for k, use in enumerate(self.body.buffers):
            if use.op is op:
                return f"c.b{k}"
        self.body.buffers.append(BufferUse(op))
        return f"c.b{len(self.body.buffers) - 1}"

    def fifo(self, name: str, port: Port) -> str:
        use = FifoUse(name, port)
        if use not in self.body.fifos:
            self.body.fifos.append(use)
        return f"c.f{self.body.fifos.index(use)}"

    def define(self, op: Operation, expression: str) -> None:
        name = self.fresh()
        self.names[op.results[0]] = name
        self.variable(f"const {scalar_type(op.results[0].type, op)}", name, expression)

    def variable(self, kind: str, name: str, expression: str) -> None:
        """Declares a variable where it stands, or at the body's top where jumps might go past it."""
        if self.hoisted is None:
            self.line(f"{kind} {name} = {expression};")
        else:
            self.hoisted.append(f"  {kind.removeprefix('const ')} {name}{{}};")
            self.line(f"{name} = {expression};")

    def constant(self, op: arith.ConstantOp) -> None:
        self.names[op.result] = self.body.place(*constant(op))

    def enter(self, op: Operation | None) -> None:
        """A pass of a loop, or a block that others jump to, begins; `op` is the loop or the block's first."""

    def leave(self) -> None:
        """The body ends."""
        self.line("co_return;")

    # -- regions ---------------------------------------------------------------------------------------
    def block(self, block: Block) -> Operation | None:
        """Writes a block's operations up to its terminator, which is returned."""
        for op in block.ops:
            if isinstance(
                op,
                scf.YieldOp
                | scf.ConditionOp
                | EndOp
                | func.ReturnOp
                | cf.BranchOp
                | cf.ConditionalBranchOp
                | affine.YieldOp,
            ):
                return op
            self.op(op)
        return None

    def graph(self, blocks: Sequence[Block]) -> None:
        """Blocks that branch to each other, each in a scope of its own behind a label."""
        self.hoisted = []
        numbers = {block: k for k, block in enumerate(blocks)}
        arguments: dict[Block, list[str]] = {}
        for block in blocks:
            arguments[block] = []
            for arg in block.args:
                self.names[arg] = self.fresh()
                arguments[block].append(self.names[arg])
                self.hoisted.append(f"  {scalar_type(arg.type, self.body.core)} {self.names[arg]}{{}};")

        def jump(target: Block, values: Sequence[SSAValue]) -> None:
            if values:
                self.assign(arguments[target], [self.use(v) for v in values])
            self.line(f"goto block{numbers[target]};")

        for block, k in numbers.items():
            self.line(f"block{k}: {{")
            self.indent += 1
            self.enter(block.first_op)
            end = self.block(block)
            if isinstance(end, cf.BranchOp):
                jump(end.successor, end.arguments)
            elif isinstance(end, cf.ConditionalBranchOp):
                self.line(f"if ({self.use(end.cond)}) {{")
                jump(end.then_block, end.then_arguments)
                self.line("} else {")
                jump(end.else_block, end.else_arguments)
                self.line("}")
            else:
                self.leave()
            self.indent -= 1
            self.line("}")
        self.lines[:0] = self.hoisted

    def nested(self, block: Block, targets: Sequence[str]) -> None:
        """A block whose terminator's operands go to `targets`."""
        self.indent += 1
        end = self.block(block)
        if end is not None and targets:
            self.assign(targets, [self.use(v) for v in end.operands])
        self.indent -= 1

    def assign(self, targets: Sequence[str], values: Sequence[str]) -> None:
        """Parallel assignment."""
        if len(targets) == 1:
            self.line(f"{targets[0]} = {values[0]};")
            return
        temporary = [self.fresh() for _ in targets]
        for t, v in zip(temporary, values, strict=True):
            self.line(f"const auto {t} = {v};")
        for target, t in zip(targets, temporary, strict=True):
            self.line(f"{target} = {t};")

    def declare(self, op: Operation, values: Sequence[SSAValue], initial: Sequence[str] | None) -> list[str]:
        names: list[str] = []
        for k, value in enumerate(values):
            name = self.fresh()
            start = initial[k] if initial is not None else "0"
            self.variable(scalar_type(value.type, op), name, start)
            names.append(name)
        return names

    # -- operations ------------------------------------------------------------------------------------
    def op(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                self.constant(op)
            case ObjectFifoAcquireOp():
                end = self.fifo(op.fifo_name, op.port)
                line = self.body.place("uint32_t", str(line_of(op)))
                self.line(f"if (!{end}.acquire({op.size})) co_await c.wait({end}, {op.size}, {line});")
                self.line(f"AIEB_TRACE_ACQUIRE(c, {end}, {op.size});")
                name = self.fresh()
                self.variable("const uint64_t", name, f"{end}.head")
                if op.yields_objects:
                    for k, result in enumerate(op.results):
                        self.object(op, op, result, name, k)
                else:
                    self.names[op.results[0]] = name
            case SubviewAccessOp():
                self.access(op)
            case ObjectFifoReleaseOp():
                end = self.fifo(op.fifo_name, op.port)
                self.line(f"AIEB_TRACE_RELEASE(c, {end}, {op.size});")
                self.line(f"{end}.release({op.size});")
            case UseLockOp():
                self.use_lock(op)
            case func.CallOp():
                self.call(op)
            case memref.LoadOp():
                self.define(op, f"{self.use(op.memref)}[{self.index(op, op.memref, op.indices)}]")
            case memref.StoreOp():
                self.written(op.memref)
                place = self.index(op, op.memref, op.indices)
                self.line(f"{self.use(op.memref)}[{place}] = {self.use(op.value)};")
            case memref.AllocaOp() | memref.AllocOp():
                kind = memref_of(op.results[0].type)
                assert kind is not None
                name = self.fresh()
                array = f"alignas(64) {element_type(kind, op)} {name}[{memref_elements(kind, op)}];"
                if self.hoisted is None:
                    self.line(array)
                else:
                    self.hoisted.append(f"  {array}")
                self.names[op.results[0]] = name
            case memref.DeallocOp():
                pass
            case CopyOp():
                self.copy(op)
            case memref.SubviewOp():
                self.subview(op)
            case memref.CastOp() | memref.CollapseShapeOp() | memref.ExpandShapeOp() | memref.ReinterpretCastOp():
                self.view(op)
            case scf.ForOp():
                self.for_op(op)
            case affine.ForOp():
                self.affine_for(op)
            case affine.LoadOp():
                self.define(op, f"{self.use(op.memref)}[{self.affine_index(op, op.memref, op.map, op.indices)}]")
            case affine.StoreOp():
                place = self.affine_index(op, op.memref, op.map, op.indices)
                self.written(op.memref)
                self.line(f"{self.use(op.memref)}[{place}] = {self.use(op.value)};")
            case affine.ApplyOp():
                self.define(op, expressions(op.map.data, [self.use(v) for v in op.mapOperands])[0])
            case scf.WhileOp():
                self.while_op(op)
            case scf.IfOp():
                self.if_op(op)
            case scf.IndexSwitchOp():
                self.switch_op(op)
            case _:
                self.define(op, expression(op, [self.use(v) for v in op.operands]))

    def use_lock(self, op: UseLockOp) -> None:
        lock = op.lock_op
        if lock is None or not op.blocks:
            raise refuse(op, "a lock from elsewhere or without blocking is not modelled")
        k = next((k for k, use in enumerate(self.body.locks) if use.op is lock), len(self.body.locks))
        if k == len(self.body.locks):
            self.body.locks.append(LockUse(lock, op))
        amount = str(op.value) if isinstance(op.value, int) else self.use(op.value)
        if op.action is LockAction.Release:
            self.line(f"c.l{k}->give({amount});")
            return
        at_least = "true" if op.action is LockAction.AcquireGreaterEqual else "false"
        wait = f"co_await c.wait(*c.l{k}, {amount}, {at_least}, {line_of(op)})"
        self.line(f"if (!c.l{k}->take({amount}, {at_least})) {wait};")

    def access(self, op: SubviewAccessOp) -> None:
        acquire = op.acquire
        kind = memref_of(op.results[0].type)
        if acquire is None or kind is None:
            raise refuse(op, "subview.access of what is not an acquire's result")
        if op.index >= acquire.size:
            raise refuse(op, f"object {op.index} of an acquire of {acquire.size}")
        self.object(op, acquire, op.results[0], self.use(op.operands[0]), op.index)

    def object(self, op: Operation, acquire: ObjectFifoAcquireOp, result: SSAValue, first: str, index: int) -> None:
        """Object `index` of an acquire whose first one is number `first`."""
        kind = memref_of(result.type)
        assert kind is not None
        end = self.fifo(acquire.fifo_name, acquire.port)
        self.names[result] = f"{end}.at<{element_type(kind, op)}>({first} + {index})"

    def written(self, target: SSAValue) -> None:
        """Notes that the body changes what `target` refers to."""
        access = self.whole(target).owner
        acquire = access.acquire if isinstance(access, SubviewAccessOp) else access
        if not isinstance(acquire, ObjectFifoAcquireOp):
            return
        if acquire.port is Port.Consume:
            self.body.written.add(acquire.fifo_name)

    def subview(self, op: memref.SubviewOp) -> None:
        """A part of a buffer, of the same rank: later accesses count from where it begins."""
        source = op.operands[0]
        kind, result = memref_of(source.type), memref_of(op.results[0].type)
        assert kind is not None
        if source in self.views or not isinstance(kind.layout, NoneAttr):
            raise refuse(op, "a part of a part of a buffer is not modelled")
        shape = kind.get_shape()
        if result is None or len(result.get_shape()) != len(shape) or op.sizes or op.strides:
            raise refuse(op, f"`{op.name}` of another rank, or of a size known at run time only")
        steps = [1] * len(shape)
        for k in reversed(range(len(shape) - 1)):
            steps[k] = steps[k + 1] * shape[k + 1]
        dynamic = iter(op.offsets)
        offsets = [
            self.use(next(dynamic)) if offset == DYNAMIC_INDEX else str(offset)
            for offset in map(int, op.static_offsets.get_values())
        ]
        name = self.fresh()
        start = " + ".join(f"{offset} * {step}" for offset, step in zip(offsets, steps, strict=True)) or "0"
        self.variable("const int64_t", name, start)
        strides = [step * int(by) for step, by in zip(steps, op.static_strides.get_values(), strict=True)]
        self.views[op.results[0]] = (source, name, strides)
        self.names[op.results[0]] = self.use(source)

    def whole(self, value: SSAValue) -> SSAValue:
        """The buffer of which a value is a part; itself for one that is whole."""
        return self.views[value][0] if value in self.views else value

    def affine_for(self, op: affine.ForOp) -> None:
        block = op.body.block
        if op.inits:
            raise refuse(op, f"`{op.name}` with carried values is not modelled by the host target")
        lower = expressions(op.lowerBoundMap.data, [self.use(v) for v in op.lowerBoundOperands])
        upper = expressions(op.upperBoundMap.data, [self.use(v) for v in op.upperBoundOperands])
        variable, end = self.fresh(), self.fresh()
        self.names[block.args[0]] = variable
        first = lower[0] if len(lower) == 1 else f"std::max({{{', '.join(lower)}}})"
        last = upper[0] if len(upper) == 1 else f"std::min({{{', '.join(upper)}}})"
        step = op.step.value.data
        self.line(f"for (int64_t {variable} = {first}, {end} = {last}; {variable} < {end}; {variable} += {step}) {{")
        self.enter(op)
        self.nested(block, [])
        self.line("}")

    def affine_index(self, op: Operation, source: SSAValue, indices: AffineMapAttr, values: Sequence[SSAValue]) -> str:
        texts = expressions(indices.data, [self.use(v) for v in values])
        kind = memref_of(source.type)
        assert kind is not None
        if not isinstance(kind.layout, NoneAttr):
            raise refuse(op, "a memref with a layout is not modelled")
        text = ""
        for value, extent in zip(texts, kind.get_shape(), strict=True):
            text = value if not text else f"({text}) * {extent} + {value}"
        return text or "0"

    def index(self, op: Operation, source: SSAValue, indices: Sequence[SSAValue]) -> str:
        if source in self.views:
            _, start, strides = self.views[source]
            return " + ".join([start, *(f"{self.use(v)} * {s}" for v, s in zip(indices, strides, strict=True))])
        kind = memref_of(source.type)
        assert kind is not None
        memref_elements(kind, op)
        if not isinstance(kind.layout, NoneAttr):
            raise refuse(op, "a memref with a layout is not modelled")
        text = ""
        for value, extent in zip(indices, kind.get_shape(), strict=True):
            text = self.use(value) if not text else f"({text}) * {extent} + {self.use(value)}"
        return text or "0"

    def copy(self, op: CopyOp) -> None:
        source, result = memref_of(op.source.type), memref_of(op.destination.type)
        if source is None or result is None or memref_elements(source, op) != memref_elements(result, op):
            raise refuse(op, f"`{op.name}` of another size is not modelled")
        if not (isinstance(source.layout, NoneAttr) and isinstance(result.layout, NoneAttr)):
            raise refuse(op, "a memref with a layout is not modelled")
        self.written(op.destination)
        size = memref_bytes(source, op)
        self.line(f"__builtin_memmove({self.use(op.destination)}, {self.use(op.source)}, {size});")

    def view(self, op: Operation) -> None:
        source, result = memref_of(op.operands[0].type), memref_of(op.results[0].type)
        if source is None or result is None or memref_elements(source, op) != memref_elements(result, op):
            raise refuse(op, f"`{op.name}` that takes a part is not modelled")
        self.names[op.results[0]] = self.use(op.operands[0])

    def call(self, op: func.CallOp) -> None:
        name = op.callee.string_value()
        arguments: list[str] = []
        kinds: list[str] = []
        for value in op.arguments:
            if value in self.views:
                raise refuse(op, "a part of a buffer as an argument of a kernel is not modelled")
            kind = memref_of(value.type)
            kinds.append(f"{element_type(kind, op)}*" if kind is not None else scalar_type(value.type, op))
            arguments.append(self.use(value))
        results = list(op.results)
        if len(results) > 1:
            raise refuse(op, "a call with several results is not modelled")
        returns = scalar_type(results[0].type, op) if results else "void"
        declaration = f"{returns} {name}({', '.join(kinds)});"
        if self.body.kernels.setdefault(name, declaration) != declaration:
            raise refuse(op, f"@{name} is called with different types")
        self.line("AIEB_COUNT_CALL(c);")
        self.line("AIEB_TRACE_CALL(c);")
        text = f"{name}({', '.join(arguments)})"
        if results:
            self.define(op, text)
        else:
            self.line(f"{text};")
        self.line(f'AIEB_TRACE_RETURN(c, "{name}");')

    def for_op(self, op: scf.ForOp) -> None:
        block = op.body.block
        carried = self.declare(op, op.iter_args, [self.use(v) for v in op.iter_args])
        variable = self.fresh()
        kind = scalar_type(block.args[0].type, op)
        self.names[block.args[0]] = variable
        for arg, name in zip(block.args[1:], carried, strict=True):
            self.names[arg] = name
        end, step = self.use(op.ub), self.use(op.step)
        self.line(f"for ({kind} {variable} = {self.use(op.lb)}; {variable} < {end}; {variable} += {step}) {{")
        self.enter(op)
        self.nested(block, carried)
        self.line("}")
        for result, name in zip(op.results, carried, strict=True):
            self.names[result] = name

    def while_op(self, op: scf.WhileOp) -> None:
        before, after = op.before_region.block, op.after_region.block
        carried = self.declare(op, before.args, [self.use(v) for v in op.arguments])
        passed = self.declare(op, op.results, None)
        for arg, name in zip(before.args, carried, strict=True):
            self.names[arg] = name
        for arg, name in zip(after.args, passed, strict=True):
            self.names[arg] = name
        self.line("for (;;) {")
        self.indent += 1
        self.enter(op)
        end = self.block(before)
        assert isinstance(end, scf.ConditionOp)
        if passed:
            self.assign(passed, [self.use(v) for v in end.operands[1:]])
        self.line(f"if (!({self.use(end.operands[0])})) break;")
        last = self.block(after)
        if last is not None and carried:
            self.assign(carried, [self.use(v) for v in last.operands])
        self.indent -= 1
        self.line("}")
        for result, name in zip(op.results, passed, strict=True):
            self.names[result] = name

    def if_op(self, op: scf.IfOp) -> None:
        targets = self.declare(op, op.results, None)
        self.line(f"if ({self.use(op.cond)}) {{")
        self.nested(op.true_region.block, targets)
        if op.false_region.blocks:
            self.line("} else {")
            self.nested(op.false_region.block, targets)
        self.line("}")
        for result, name in zip(op.results, targets, strict=True):
            self.names[result] = name

    def switch_op(self, op: scf.IndexSwitchOp) -> None:
        targets = self.declare(op, op.results, None)
        self.line(f"switch ({self.use(op.arg)}) {{")
        for value, region in zip(op.cases.get_values(), op.case_regions, strict=True):
            self.line(f"case {int(value)}: {{")
            self.nested(region.block, targets)
            self.line("} break;")
        self.line("default: {")
        self.nested(op.default_region.block, targets)
        self.line("} break;")
        self.line("}")
        for result, name in zip(op.results, targets, strict=True):
            self.names[result] = name


def core_body(core: CoreOp, kind: type[BodyWriter] = BodyWriter) -> Body:
    """The C++ of a core's body, written by `kind`. Raises DesignError on what is not modelled, with file and line."""
    writer = kind(core)
    if len(core.body.blocks) > 1:
        writer.graph(core.body.blocks)
    else:
        writer.block(core.body.block)
    writer.leave()
    writer.body.text = "\n".join(writer.lines)
    return writer.body


def initial_values(op: BufferOp) -> Sequence[int | float] | None:
    """The elements a buffer starts with, row-major; None for zeros."""
    attr: Attribute | None = op.properties.get("initial_value")
    if attr is None:
        return None
    if not isinstance(attr, DenseIntOrFPElementsAttr):
        raise refuse(op, f"initial value {attr} is not modelled")
    values: Sequence[int | float] = attr.get_values()
    count = memref_elements(op.type, op)
    return [values[0]] * count if len(values) == 1 else values
