"""Reads runs of the commonest statements of runtime sequences straight from the text.

A sequence of an encoder has thousands of them. Each is matched by one regular expression and built without going
through tokens; whatever does not match exactly, or is in error, is left to the parser, which then reads or reports it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects.builtin import DenseArrayBase, IntAttr, IntegerAttr, IntegerType, StringAttr, SymbolRefAttr, i32, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from aiebuild.dialect.assembly import INDEX, SEGMENTS, dense_i32
from aiebuild.dialect.dma import DmaBdOp, bd_segments
from aiebuild.dialect.npu import NpuDmaMemcpyNdOp, NpuDmaWaitOp
from aiebuild.dialect.sequence import DmaAwaitTaskOp, DmaConfigureTaskForOp, DmaFreeTaskOp, DmaStartTaskOp
from aiebuild.dialect.structure import EndOp

if TYPE_CHECKING:
    from aiebuild.dialect.parser import DesignParser

_LIST = r"\[[-0-9, ]*\]"
_NAME = r"%([\w$.-]+)"
_DICT = r"(?:\s*(\{[^{}\"#!]*\}))?"
_AFTER = r"(?!\s*(?:loc\b|\{))"

_BLANK = re.compile(r"(?:\s++|//[^\n]*+)*+")
_HEAD = re.compile(
    r"(?:%[\w$.-]+\s*=\s*)?aiex\."
    r"(dma_configure_task_for|dma_start_task|dma_await_task|dma_free_task|npu\.dma_memcpy_nd|npu\.dma_wait)\b"
)
_TASK = re.compile(
    rf"{_NAME}\s*=\s*aiex\.dma_configure_task_for\s+@(\w+)\s*\{{\s*"
    rf"()aie\.dma_bd\s*\(\s*{_NAME}\s*:\s*(memref<[\w?]*>)(?:\s+offset\s*=\s*([0-9]+))?(?:\s+len\s*=\s*([0-9]+))?"
    rf"(?:\s+sizes\s*=\s*({_LIST}))?(?:\s+strides\s*=\s*({_LIST}))?\s*\){_DICT}\s*"
    rf"()aie\.end\s*\}}{_DICT}{_AFTER}",
    re.ASCII,
)
_USE = re.compile(rf"aiex\.dma_(?:start|await|free)_task\s*\(\s*{_NAME}\s*\){_AFTER}", re.ASCII)
_MEMCPY = re.compile(
    rf"aiex\.npu\.dma_memcpy_nd\s*\(\s*{_NAME}\s*({_LIST})\s*({_LIST})\s*({_LIST})\s*\){_DICT}\s*:"
    rf"\s*(memref<[\w?]*>){_AFTER}",
    re.ASCII,
)
_WAIT = re.compile(rf"aiex\.npu\.dma_wait\s*\{{\s*symbol\s*=\s*@(\w+)\s*\}}{_AFTER}", re.ASCII)

_USES: dict[str, type[Operation]] = {
    "dma_start_task": DmaStartTaskOp,
    "dma_await_task": DmaAwaitTaskOp,
    "dma_free_task": DmaFreeTaskOp,
}
_MEMCPY_SEGMENTS = dense_i32([1, 0, 0, 0])
_I32_MAX = (1 << 31) - 1


def _small(text: str) -> IntegerAttr[IntegerType] | None:
    """A 32-bit attribute made without checks, as the text is known to be decimal digits; None when out of range."""
    value = int(text)
    if value > _I32_MAX:
        return None
    attr: IntegerAttr[IntegerType] = IntegerAttr.__new__(IntegerAttr)  # pyright: ignore
    fields = cast(dict[str, Any], attr.__dict__)
    fields["value"] = IntAttr(value)
    fields["type"] = i32
    return attr


class FastPath:
    """The memory of one parse: lists, symbols, types and dictionaries already seen."""

    def __init__(self, parser: DesignParser, text: str) -> None:
        self._parser = parser
        self._text = text
        self._lists: dict[str, DenseArrayBase] = {}
        self._symbols: dict[str, SymbolRefAttr] = {}

    def run(self, block: Block, position: int) -> int:
        """Append the statements that stand from `position` on to `block`; yields where the first unread one starts."""
        text = self._text
        while True:
            head = _HEAD.match(text, position)
            if head is None:
                return position
            kind = head.group(1)
            if kind == "dma_configure_task_for":
                end = self._task(block, position)
            elif kind == "npu.dma_memcpy_nd":
                end = self._memcpy(block, position)
            elif kind == "npu.dma_wait":
                end = self._wait(block, position)
            else:
                end = self._use(block, position, _USES[kind])
            if end is None:
                return position
            blank = _BLANK.match(text, end)
            position = end if blank is None else blank.end()

    def _value(self, name: str, kind: Attribute) -> SSAValue | None:
        values = self._parser.ssa_values.get(name)
        if values is None or len(values) != 1 or values[0].type != kind:
            return None
        return values[0]

    def _array(self, text: str) -> DenseArrayBase:
        known = self._lists.get(text)
        if known is None:
            entries = text[1:-1].strip()
            values = [int(entry) for entry in entries.split(",")] if entries else []
            known = self._lists[text] = DenseArrayBase.from_list(i64, values)
        return known

    def _symbol(self, name: str) -> SymbolRefAttr:
        known = self._symbols.get(name)
        if known is None:
            known = self._symbols[name] = SymbolRefAttr(StringAttr(name))
        return known

    def _split(
        self,
        op: type[DmaBdOp | DmaConfigureTaskForOp | NpuDmaMemcpyNdOp],
        position: int,
        properties: dict[str, Attribute],
    ) -> dict[str, Attribute]:
        """The dictionary that starts at `position`: declared entries go into `properties`, others are returned."""
        declared = op.get_irdl_definition().properties
        attributes: dict[str, Attribute] = {}
        for name, value in self._parser.dictionary_at(position).items():
            (properties if name in declared else attributes)[name] = value
        return attributes

    def _task(self, block: Block, position: int) -> int | None:
        match = _TASK.match(self._text, position)
        if match is None:
            return None
        name, alloc, _, buffer, kind, offset, length, sizes, strides, bd_dict, _, task_dict = match.groups()
        parser = self._parser
        if name in parser.ssa_values or name in parser.forward_ssa_references:
            return None
        try:
            memory = self._value(buffer, parser.type_of(kind))
            counts = None if sizes is None else self._array(sizes)
            steps = None if strides is None else self._array(strides)
        except ValueError:
            return None
        if memory is None:
            return None
        bd: dict[str, Attribute] = {}
        if offset is not None:
            if (attr := _small(offset)) is None:
                return None
            bd["static_offset"] = attr
        if length is not None:
            if (attr := _small(length)) is None:
                return None
            bd["static_len"] = attr
        if counts is not None:
            bd["static_sizes"] = counts
        if steps is not None:
            bd["static_strides"] = steps
        bd_attributes = {} if bd_dict is None else self._split(DmaBdOp, match.start(10), bd)
        bd[SEGMENTS] = bd_segments(False, False, 0, 0)
        task: dict[str, Attribute] = {"alloc": self._symbol(alloc)}
        attributes = {} if task_dict is None else self._split(DmaConfigureTaskForOp, match.start(12), task)
        # in rising order, which is what makes them quick
        at, bd_at, end_at = (parser.location_at(index) for index in (position, match.start(3), match.start(11)))
        body = Block()
        body.add_op(DmaBdOp.create(operands=[memory], properties=bd, attributes=bd_attributes, location=bd_at))
        body.add_op(EndOp.create(location=end_at))
        op = DmaConfigureTaskForOp.create(
            result_types=[INDEX], properties=task, attributes=attributes, regions=[Region(body)], location=at
        )
        result = op.results[0]
        parser.ssa_values[name] = (result,)
        if not name[0].isdigit():
            result._name = name  # pyright: ignore[reportPrivateUsage]
        block.add_op(op)
        return match.end()

    def _use(self, block: Block, position: int, op: type[Operation]) -> int | None:
        match = _USE.match(self._text, position)
        if match is None:
            return None
        task = self._value(match.group(1), INDEX)
        if task is None:
            return None
        block.add_op(op.create(operands=[task], location=self._parser.location_at(position)))
        return match.end()

    def _wait(self, block: Block, position: int) -> int | None:
        match = _WAIT.match(self._text, position)
        if match is None:
            return None
        properties: dict[str, Attribute] = {"symbol": self._symbol(match.group(1))}
        block.add_op(NpuDmaWaitOp.create(properties=properties, location=self._parser.location_at(position)))
        return match.end()

    def _memcpy(self, block: Block, position: int) -> int | None:
        match = _MEMCPY.match(self._text, position)
        if match is None:
            return None
        name, offsets, sizes, strides, dictionary, kind = match.groups()
        parser = self._parser
        try:
            memory = self._value(name, parser.type_of(kind))
            lists = [self._array(text) for text in (offsets, sizes, strides)]
        except ValueError:
            return None
        if memory is None or dictionary is None or any(len(values) != 4 for values in lists):
            return None
        properties: dict[str, Attribute] = dict(
            zip(("static_offsets", "static_sizes", "static_strides"), lists, strict=True)
        )
        attributes = self._split(NpuDmaMemcpyNdOp, match.start(5), properties)
        if "metadata" not in properties or "id" not in properties:
            return None
        properties[SEGMENTS] = _MEMCPY_SEGMENTS
        at = parser.location_at(position)
        block.add_op(
            NpuDmaMemcpyNdOp.create(operands=[memory], properties=properties, attributes=attributes, location=at)
        )
        return match.end()
