"""DMA channels and packet headers, as operations of several modules name them."""

from __future__ import annotations

from typing import ClassVar, Literal

from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation
from xdsl.parser import AttrParser, Parser

from aiebuild.dialect.assembly import Attributes, parse_enum, parse_i32
from aiebuild.dialect.attributes import PACKET_FIELDS, Direction, PacketInfo, int_of, parse_named_ints


class ChannelOp(IRDLOperation):
    """An operation that names a DMA channel in two of its properties."""

    CHANNEL: ClassVar[tuple[str, str]] = ("direction", "channel")

    @property
    def direction(self) -> Direction:
        """MM2S, from memory to a stream, or S2MM."""
        return Direction(int_of(self.properties[self.CHANNEL[0]]))

    @property
    def channel(self) -> int:
        """The channel's index within its direction."""
        return int_of(self.properties[self.CHANNEL[1]])


def parse_channel(
    parser: Parser, op: type[ChannelOp], properties: Attributes, between: Literal[",", ":"] = ","
) -> None:
    """Parse `MM2S, 0` into the properties in which `op` has its channel."""
    direction, channel = op.CHANNEL
    properties[direction] = parse_enum(parser, Direction)
    parser.parse_punctuation(between)
    properties[channel] = parse_i32(parser)


def parse_packet(parser: AttrParser) -> PacketInfo:
    """Parse `<pkt_type = 0, pkt_id = 2>`."""
    kind, identifier = parse_named_ints(parser, PACKET_FIELDS)
    return PacketInfo((kind, identifier))


def packet_of(attr: Attribute | None) -> tuple[int, int] | None:
    """(packet type, packet id); None when it is absent."""
    return attr.data if isinstance(attr, PacketInfo) else None
