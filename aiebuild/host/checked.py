"""Lowering for the checking mode: accesses, acquires, releases, locks and kernel calls go through `aiebuild_sanitize`.

The operations are those of `cores.BodyWriter`; what is written around them tells the engine what is used, and where.
"""

from __future__ import annotations

import json
from enum import Enum, auto

from xdsl.dialects import affine, func, memref
from xdsl.ir import Operation, SSAValue

from aiebuild.dialect import line_of
from aiebuild.dialect.attributes import LockAction, Port, memref_of
from aiebuild.dialect.circuits import UseLockOp
from aiebuild.dialect.raw import CopyOp
from aiebuild.dialect.structure import BufferOp, CoreOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp, ObjectFifoReleaseOp
from aiebuild.host.cores import BodyWriter
from aiebuild.host.types import element_type, memref_bytes, memref_elements, scalar_type

HEADER = "#include <aiebuild_sanitize/watch.hpp>"

_LINE = "\x03"
"""Stands for the line of whichever operation uses an object."""


class Checks(Enum):
    """How much is checked: nothing; the passes of loops, which are counted and limited; everything."""

    NONE = auto()
    STEPS = auto()
    ALL = auto()


class CountedWriter(BodyWriter):
    """Writes bodies whose contexts have a `watch`, and whose loops are counted."""

    def enter(self, op: Operation | None) -> None:
        """Passes of loops are counted."""
        where = str(line_of(op or self.body.core))
        self.line(f"if (c.watch.step({self.body.place('uint32_t', where)})) co_return;")


class CheckedWriter(CountedWriter):
    """Writes bodies in which everything is checked."""

    current: Operation | None = None

    def op(self, op: Operation) -> None:
        """One operation; those that touch memory or wait are written here."""
        before, self.current = self.current, op
        match op:
            case ObjectFifoAcquireOp():
                self.acquire(op)
            case ObjectFifoReleaseOp():
                end = self.fifo(op.fifo_name, op.port)
                self.line(f"aieb::check::release(c.watch, {end}, {op.size}, {_produces(op.port)}, {_LINE});")
            case memref.LoadOp():
                self.define(op, f"aieb::check::load(c.watch, {self.element(op, op.memref, op.indices)}, {_LINE})")
            case memref.StoreOp():
                place = self.element(op, op.memref, op.indices)
                self.line(f"aieb::check::store(c.watch, {place}, {_LINE}, {self.use(op.value)});")
                self.changes(op)
            case affine.LoadOp():
                place = self.affine_index(op, op.memref, op.map, op.indices)
                self.define(op, f"aieb::check::load(c.watch, {self.within(op.memref, place)}, {_LINE})")
            case affine.StoreOp():
                place = self.affine_index(op, op.memref, op.map, op.indices)
                value = self.use(op.value)
                self.line(f"aieb::check::store(c.watch, {self.within(op.memref, place)}, {_LINE}, {value});")
                self.written(op.memref)
            case CopyOp():
                self.copy(op)
            case memref.AllocaOp() | memref.AllocOp():
                self.alloca(op)
            case _:
                super().op(op)
        self.current = before

    def line(self, text: str) -> None:
        """A line of C++, with the current operation's line where it is asked for."""
        if _LINE in text:
            where = self.current or self.body.core
            text = text.replace(_LINE, self.body.place("uint32_t", str(line_of(where))))
        super().line(text)

    def leave(self) -> None:
        """The body ends: nothing may be held."""
        self.line(f"c.watch.ends({self.body.place('uint32_t', str(line_of(self.body.core)))});")
        super().leave()

    def acquire(self, op: ObjectFifoAcquireOp) -> None:
        """An acquire, and what is held afterwards."""
        end, produces = self.fifo(op.fifo_name, op.port), _produces(op.port)
        self.line(f"aieb::check::acquiring(c.watch, {end}, {op.size}, {produces}, {_LINE});")
        super().op(op)
        size = memref_bytes(op.object_type, op)
        self.line(f"aieb::check::acquired(c.watch, {end}, {size}, {produces}, {_LINE});")

    def object(self, op: Operation, acquire: ObjectFifoAcquireOp, result: SSAValue, first: str, index: int) -> None:
        """An object: looked at whenever it is used."""
        kind = memref_of(result.type)
        assert kind is not None
        end = self.fifo(acquire.fifo_name, acquire.port)
        number, count = f"{first} + {index}", memref_elements(kind, op)
        text = f"aieb::check::object<{element_type(kind, op)}>(c.watch, {end}, {number}, {count}, {_LINE})"
        self.names[result] = text

    def element(self, op: memref.LoadOp | memref.StoreOp, source: object, indices: object) -> str:
        """`data, index, elements` of an access."""
        kind = memref_of(self.whole(op.memref).type)
        assert kind is not None
        return f"{self.use(op.memref)}, {self.index(op, op.memref, op.indices)}, {memref_elements(kind, op)}"

    def within(self, target: SSAValue, place: str) -> str:
        """`data, index, elements` of an access whose index is known."""
        kind = memref_of(target.type)
        assert kind is not None
        return f"{self.use(target)}, {place}, {memref_elements(kind, self.current or self.body.core)}"

    def copy(self, op: CopyOp) -> None:
        """A copy of a whole buffer."""
        kind = memref_of(op.source.type)
        size = 0 if kind is None else memref_bytes(kind, op)
        self.line(f"c.watch.read({self.use(op.source)}, 0, {size}, {size}, {_LINE});")
        self.line(f"c.watch.write({self.use(op.destination)}, 0, {size}, {size}, {_LINE});")
        super().copy(op)

    def changes(self, op: memref.StoreOp) -> None:
        """As for the fast mode: a core that changes what it consumed."""
        self.written(op.memref)

    def alloca(self, op: memref.AllocaOp | memref.AllocOp) -> None:
        """Memory on the core's stack, with zones."""
        kind = memref_of(op.results[0].type)
        assert kind is not None
        name = self.fresh()
        where = self.body.place("uint32_t", str(line_of(op)))
        text = f"aieb::check::Local<{element_type(kind, op)}, {memref_elements(kind, op)}> {name}(c.watch, {where});"
        if self.hoisted is None:
            self.line(text)
        else:
            self.hoisted.append(f"  {text}")
        self.names[op.results[0]] = f"{name}.memory.data"

    def use_lock(self, op: UseLockOp) -> None:
        """A lock, and what taking or giving it says about who came before whom."""
        super().use_lock(op)
        k = next(k for k, use in enumerate(self.body.locks) if use.op is op.lock_op)
        if op.action is LockAction.Release:
            amount = str(op.value) if isinstance(op.value, int) else self.use(op.value)
            self.lines.pop()
            self.line(f"aieb::check::give(c.watch, *c.l{k}, {amount}, {_LINE});")
        else:
            self.line(f"aieb::check::take(c.watch, *c.l{k});")

    def call(self, op: func.CallOp) -> None:
        """A kernel, with all memory of the core looked at before and after."""
        name = op.callee.string_value()
        plain, hoisted = len(self.lines), len(self.hoisted or [])
        super().call(op)
        del self.lines[plain:]
        if self.hoisted is not None:
            del self.hoisted[hoisted:]
        arguments = "".join(f", {self.use(value)}" for value in op.arguments)
        self.line("AIEB_COUNT_CALL(c);")
        text = f"aieb::check::call(c.watch, {json.dumps(name)}, {_LINE}, {name}{arguments})"
        if op.results:
            self.variable(f"const {scalar_type(op.results[0].type, op)}", self.names[op.results[0]], text)
        else:
            self.line(f"{text};")


def _produces(port: Port) -> str:
    return "true" if port is Port.Produce else "false"


def writer(checks: Checks) -> type[BodyWriter]:
    """What writes bodies."""
    return {Checks.NONE: BodyWriter, Checks.STEPS: CountedWriter, Checks.ALL: CheckedWriter}[checks]


def guarded(op: BufferOp, name: str, values: str) -> str:
    """The declaration of a buffer with zones; `values` as C++ has them, `{}` for zeros."""
    kind, count = element_type(op.type, op), memref_elements(op.type, op)
    return f"aieb::check::Guarded<{kind}, {count}> {name}{{{{}}, {values}, {{}}}};"


def region_of(op: BufferOp, tile: tuple[int, int], number: int, data: str, initial: bool) -> str:
    """C++ that makes a buffer known: an expression of type Region*."""
    name = op.symbol or f"buffer {number} of tile ({tile[0]},{tile[1]})"
    size = memref_bytes(op.type, op)
    written = "true" if initial else "false"
    kind = "aieb::check::Kind::kBuffer"
    return f"aieb::check::add_region({json.dumps(name)}, {kind}, {tile[0]}, {tile[1]}, {data}, {size}, {written})"


def start(core: CoreOp, watch: str, tile: tuple[int, int]) -> str:
    """C++ that begins to watch a core."""
    return f"{watch}.start({tile[0]}, {tile[1]}, {line_of(core)}, {core.stack_size});"
