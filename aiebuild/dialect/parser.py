"""Reading MLIR text quickly: xDSL's parser with a faster lexer, remembered types and attributes, and locations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, SSAValue, TypeAttribute
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Span
from xdsl.utils.mlir_lexer import MLIRTokenKind

from aiebuild.dialect.errors import DesignError
from aiebuild.dialect.fastpath import FastPath
from aiebuild.dialect.lexer import FastLexer
from aiebuild.dialect.unmodelled import refusal

# A type without aliases, and a dictionary without strings or nested braces, mean the same wherever they stand.
_PLAIN_TYPE = re.compile(r"memref<[\w?x]*>|!aie\.objectfifo(?:subview)?<memref<[\w?x]*>>", re.ASCII)
_PLAIN_DICT = re.compile(r"\{[^{}\"#!]*\}")


class DesignParser(Parser):
    """Parses one design; every operation gets its line and column as its location."""

    def __init__(self, ctx: Context, text: str, name: str) -> None:
        super().__init__(ctx, text, name)
        self._parser_state.lexer = FastLexer(Input(text, name))
        self._parser_state.current_token = self._parser_state.lexer.lex()
        self._text = text
        self._file = StringAttr(name)
        self._line = 1
        self._line_start = 0
        self._types: dict[str, TypeAttribute] = {}
        self._dicts: dict[str, dict[str, Attribute]] = {}
        self._fast = FastPath(self, text)

    def location_at(self, position: int) -> FileLineColLoc:
        """The location of an index into the text; quick when called with rising indices."""
        if position < self._line_start:
            self._line = self._text.count("\n", 0, position) + 1
        else:
            self._line += self._text.count("\n", self._line_start, position)
        self._line_start = self._text.rfind("\n", 0, position) + 1
        location = FileLineColLoc.__new__(FileLineColLoc)
        fields = cast(dict[str, Any], location.__dict__)
        fields["filename"] = self._file
        fields["line"] = IntAttr(self._line)
        fields["column"] = IntAttr(position - self._line_start + 1)
        return location

    def parse_operation(self) -> Operation:
        location = self.location_at(self.pos)
        operation = super().parse_operation()
        if isinstance(operation.location, UnknownLoc):
            operation.location = location
        return operation

    def _parse_block_body(self, block: Block) -> None:
        while True:
            token = self._current_token
            if token.kind in (MLIRTokenKind.BARE_IDENT, MLIRTokenKind.PERCENT_IDENT):
                end = self._fast.run(block, token.span.start)
                if end != token.span.start or self._current_token is not token:
                    self._resume_from(end)
            operation = self.parse_optional_operation()
            if operation is None:
                return
            block.add_op(operation)

    def type_of(self, text: str) -> Attribute:
        """The type that `text` spells; raises ValueError when it is not seen yet or not plain."""
        known = self._types.get(text)
        if known is None:
            raise ValueError(text)
        return known

    def dictionary_at(self, position: int) -> dict[str, Attribute]:
        """The dictionary that starts at an index of the text; the parser stands anywhere afterwards."""
        match = _PLAIN_DICT.match(self._text, position)
        known = None if match is None else self._dicts.get(match.group())
        if known is not None:
            return known
        self._resume_from(position)
        return self.parse_optional_attr_dict()

    def _register_ssa_definition(self, name: str, values: Sequence[SSAValue], span: Span) -> None:
        super()._register_ssa_definition(name, values, span)
        if not name[0].isdigit():
            for value in values:
                value._name = name  # pyright: ignore[reportPrivateUsage] (the setter drops a trailing number)

    def parse_optional_type(self) -> TypeAttribute | None:
        token = self._current_token
        if token.kind not in (MLIRTokenKind.BARE_IDENT, MLIRTokenKind.EXCLAMATION_IDENT):
            return super().parse_optional_type()
        match = _PLAIN_TYPE.match(self._text, token.span.start)
        if match is None:
            return super().parse_optional_type()
        text = match.group()
        known = self._types.get(text)
        if known is not None:
            self._resume_from(match.end())
            return known
        parsed = super().parse_optional_type()
        if parsed is not None and self._previous_end(match.end()):
            self._types[text] = parsed
        return parsed

    def parse_optional_attr_dict(self) -> dict[str, Attribute]:
        token = self._current_token
        if token.kind != MLIRTokenKind.L_BRACE:
            return {}
        match = _PLAIN_DICT.match(self._text, token.span.start)
        if match is None:
            return super().parse_optional_attr_dict()
        text = match.group()
        known = self._dicts.get(text)
        if known is not None:
            self._resume_from(match.end())
            return dict(known)
        parsed = super().parse_optional_attr_dict()
        self._dicts[text] = dict(parsed)
        return parsed

    def _get_op_by_name(self, name: str) -> type[Operation]:
        known = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if known is None:
            self.raise_error(refusal(name), self._text.rfind(name, 0, self.pos))
        return known

    def parse_identifier(self, context_msg: str = "") -> str:
        if self._current_token.kind == MLIRTokenKind.STRING_LIT:
            return self.parse_str_literal(context_msg)
        return super().parse_identifier(context_msg)

    def _previous_end(self, position: int) -> bool:
        """Whether only blanks lie between `position` and the current token."""
        between = self._text[position : self.pos]
        return not between or between.isspace()


def one_line(error: ParseError | VerifyException) -> str:
    """The first line of an error's message."""
    text = error.msg if isinstance(error, ParseError) else str(error)
    return text.strip().splitlines()[0] if text.strip() else "malformed design"


_INTERNAL = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)


def _place(parser: DesignParser | None, name: str) -> str:
    """`file:line` of where the parser stands."""
    return f"{name}:{1 if parser is None else parser.location_at(parser.pos).line.data}"


def parse(ctx: Context, text: str, name: str) -> ModuleOp:
    """Parse a design. Raises DesignError `file:line:column: what`."""
    parser: DesignParser | None = None
    try:
        parser = DesignParser(ctx, text, name)
        return parser.parse_module()
    except ParseError as error:
        raise DesignError(f"{error.span.get_location()}: {one_line(error)}") from error
    except VerifyException as error:
        raise DesignError(f"{_place(parser, name)}: {one_line(error)}") from error
    except _INTERNAL as error:  # xDSL on some malformed text
        raise DesignError(f"{_place(parser, name)}: malformed design ({type(error).__name__}: {error})") from error
    except RecursionError as error:
        raise DesignError(f"{name}:1: the design is nested too deeply") from error
