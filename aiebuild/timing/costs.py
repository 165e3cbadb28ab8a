"""What things take on the array: constants of the timing model, each with its source.

EMU: FIM43-Redeye/xdna-emu (calibrated on hardware); IGN: jdominick05/ignite-xdna (Ryzen 7 8700G); TAKA: arXiv
2512.13282; WX: drakosha/whisper-xdna (8845HS). Cycles are of the array's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Schedule:
    """How well a kernel's instructions are packed.

    A phase of matrix products takes its slots divided by `integer` or `floating`, plus `fill` cycles for its pipeline
    to fill and drain; loads and stores around them take their slots; other code its slots divided by `other`; a call
    adds `call` cycles.
    """

    name: str
    integer: float
    floating: float
    other: float
    fill: float
    call: float
    memory: float = 1.0
    """Factor on loads and stores around products; 0 asks what it would be like without them."""


STOCK = Schedule("stock", integer=0.82, floating=0.51, other=1.0, fill=18.0, call=61.0)
"""mlir-aie's mm.cc as Peano schedules it, from its calls with data in L1 (IGN): int8 2,604.8, 697.1 and 1,009.4 cycles,
bf16 5,427 and 898.6. The inner loop takes 1.22 (int8) or 1.97 (bf16) cycles a product."""

TUNED = Schedule("tuned", integer=1.0, floating=1.0, other=1.0, fill=5.0, call=61.0)
"""Kernels tuned for the device (TAKA): calibrated on their single-core multiply-accumulates a cycle on npu1."""

OWN = Schedule("own", integer=1.0, floating=1.0, other=0.6, fill=5.0, call=61.0)
"""Kernels of this project: matrix products as TUNED, which needs the inner loops scheduled as the published
hand-tuned ones are; elementwise code at 60 % of its busiest slot, an assumption without a published figure."""

OWN_STOCK = Schedule("own, stock loops", integer=0.82, floating=0.51, other=0.6, fill=18.0, call=61.0)
"""The same with the inner loops as Peano schedules mm.cc."""


@dataclass(frozen=True)
class Costs:
    """Cycles of what moves data and starts work."""

    word: float = 1.0002
    """A 32-bit word on a stream: 3.99976 bytes a cycle (IGN, EMU)."""
    descriptor: float = 12.0
    """A descriptor, for each object: set-up 4, chaining 2, lock 1, memory 5 (EMU)."""
    read_cold: float = 1330.0
    """First task of a shim's MM2S channel; the excess over `read_warm` decays by `decay` a task (EMU)."""
    read_warm: float = 325.0
    write_cold: float = 341.0
    write_warm: float = 179.0
    decay: float = 0.31
    task: float = 865.0
    """Control processor: descriptor written, address patched, task queued: 830 to 900 (EMU, +-30-50 %)."""
    token: float = 1935.0
    """Control processor: from a token to the next instruction; with `task` 2,700 to 2,900 between dependent tasks
    (EMU)."""
    parameter: float = 100.5
    """Control processor: write32 (EMU)."""
    acquire: float = 12.0
    """Acquiring objects: the lock and the code around it (lock 1, EMU; the code is an estimate)."""
    release: float = 6.0
    run: float = 5.0
    """Nanoseconds that a shim's channel loses between two contiguous runs in DDR: a descriptor's latencies (EMU) at
    1.8 GHz."""
    page: float = 20.0
    """Nanoseconds more for a run on another page of 4,096 bytes than the last one: chosen on the products of 512 and
    1,024 of mlir-aie's whole_array (IGN), whose runs of 32 and 64 bytes lie 512 and 1,024 bytes apart; they allow 15
    to 27."""


AIE2P = "AIEBUILD_AIE2P"
"""Macro under which the counting headers count the slots of an AIE2P core (npu2)."""


@dataclass(frozen=True)
class Machine:
    """A machine: clock of the array in GHz, DDR bandwidth in GB/s (of each direction where `split`), microseconds of a
    dispatch, milliseconds of an overlay switch.

    Defaults: dispatch from C++ (IGN), a switch as half of a switch and back of 2.81 ms (WX).
    """

    device: str = "npu1"
    clock: float = 1.0
    bandwidth: float = 15.0
    split: bool = False
    dispatch: float = 108.0
    switch: float = 1.405
    costs: Costs = field(default_factory=Costs)
    schedule: Schedule = OWN

    @property
    def bytes_per_cycle(self) -> float:
        """DDR bytes a cycle."""
        return self.bandwidth / self.clock

    def seconds(self, cycles: float) -> float:
        """Cycles as seconds."""
        return cycles / self.clock * 1e-9
