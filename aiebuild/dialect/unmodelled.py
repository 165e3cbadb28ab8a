"""Operations of mlir-aie that are not read here, and what it would take."""

from __future__ import annotations

_SWITCHES = (
    "the switches' own routing (ports, arbiters, rules with masks over packet numbers) is not modelled; write "
    "aie.flow or aie.packet_flow, of which mlir-aie makes it"
)
_SCRATCHPAD = (
    "parameters that go through the control processor's scratchpad, which only a full ELF has, are not modelled; "
    "aiex.npu.rtp_write or an argument passes a value"
)
_CHAINS = "parametrised chains are not modelled; write the descriptors (aie.dma_bd, aie.next_bd) in the task"
_STREAMS = "a core's own reads and writes of its streams are not modelled; a kernel's put_mcd and get_scd are"
_OLD = "an operation of the time before aie.objectfifo"
_POOL = "descriptors taken from a pool at run time are not modelled"
_CHECKED = "it is made by mlir-aie's own lowering of sizes known at run time only"

MISSING: dict[str, str] = {
    **dict.fromkeys(
        [f"aie.{name}" for name in ("amsel", "connect", "masterset", "packet_rules", "plio", "rule", "shim_mux")],
        _SWITCHES,
    ),
    "aie.switchbox": _SWITCHES,
    "aie.wire": _SWITCHES,
    **dict.fromkeys([f"aie.{name}" for name in ("get_cascade", "put_cascade", "get_stream", "put_stream")], _STREAMS),
    "aie.bd_chain": _CHAINS,
    "aiex.dma_start_bd_chain": _CHAINS,
    "aiex.dma_start_bd_chain_for": _CHAINS,
    "aiex.dma_bd_pool_pop": _POOL,
    "aiex.dma_bd_pool_push": _POOL,
    "aiex.scratchpad_parameter": _SCRATCHPAD,
    "aiex.read_scratchpad_parameter": _SCRATCHPAD,
    "aiex.sync_scratchpad_parameters_from_host": _SCRATCHPAD,
    "aiex.npu.create_scratchpad": _SCRATCHPAD,
    "aiex.npu.update_from_scratchpad": _SCRATCHPAD,
    "aiex.npu.assert_bd_divisible": _CHECKED,
    "aiex.npu.assert_bd_field": _CHECKED,
    "aie.debug": "what a core prints is not modelled",
    "aie.event": "traces are not recorded; kernels may call event0 and event1",
    "aie.objectfifo.register_external_buffers": "external buffers are not modelled; the sequence's arguments are",
    **dict.fromkeys(
        [
            f"aiex.{name}"
            for name in ("bp_dest", "bp_id", "broadcast_packet", "memcpy", "multi_dest", "multicast", "token")
        ],
        _OLD,
    ),
}
"""What is missing, by operation."""


def refusal(name: str) -> str:
    """Why an operation is refused, on one line."""
    why = MISSING.get(name)
    return f"operation {name} is not supported" + (f": {why}" if why else "")
