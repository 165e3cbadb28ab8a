"""Installs `fake_*` tools: programs that answer as aiecc, Peano's clang++ and xrt-smi of a generation do, and record
how they were called. They can be told to fail."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ARGPARSE = "usage: aiecc.py [-h] [--{0}] file\n\noptions:\n  -h, --help  show this help message and exit\n"
LLVM = "OVERVIEW: driver\n\nUSAGE: aiecc [options] <input>\n\nOPTIONS:\n"
OLD = (
    "aie-generate-xclbin", "aie-generate-npu-insts", "aie-generate-cdo", "xclbin-name", "npu-insts-name", "tmpdir",
    "peano", "no-compile", "no-link", "no-compile-host", "no-xchesscc", "no-xbridge",
)  # fmt: skip
NEW = (
    "get", "get-xclbin", "get-npu-insts", "xclbin-name", "npu-insts-name", "tmpdir", "peano", "output-dir",
    "no-progress", "xchesscc",
)  # fmt: skip
OPTIONS = {
    "A": OLD,
    "B": OLD,
    "C1": (*NEW, "no-xchesscc", "no-xbridge"),
    "C2": NEW,
    "C3": (*NEW, "default-stack-size", "no-measure-stack-size", "skip-objectFifo-verify"),
}
SPELLINGS = {"A": "b", "B": "b", "C1": "c2", "C2": "c2", "C3": "c3"}


def help_text(generation: str) -> str:
    """What `aiecc --help` of a generation says."""
    if generation == "A":
        return ARGPARSE.format("aie-generate-xclbin") + "".join(f"  --{name}  what it does\n" for name in OLD)
    return LLVM + "".join(f"  --{name}   - What it does\n" for name in OPTIONS[generation])


@dataclass(frozen=True)
class Faults:
    """How a fake behaves: `generation` of aiecc, or one nobody knows; `fault` one of "", "refuse", "crash", "hang",
    "truncated", "nothing", "full"; `program` bytes of a core's code; `frame` bytes of a kernel's inner frame; `version`
    and `targets` of Peano; `recursion`: kernels call themselves."""

    generation: str = "C3"
    fault: str = ""
    program: int = 8192
    frame: int = 320
    version: str = "22.0.0"
    targets: tuple[str, ...] = ("aie2", "aie2p")
    recursion: bool = False


def script(path: Path, module: str, faults: Faults) -> Path:
    """A program that runs a module of this folder with its own path and arguments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(asdict(faults)))
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}:$PYTHONPATH" exec "{sys.executable}" -m tests.fakes.{module} "$0" "$@"\n'
    )
    path.chmod(0o755)
    return path


def install_mlir_aie(root: Path, faults: Faults | None = None) -> Path:
    """A fake mlir-aie: aiecc, an aie-opt that takes its generation's spelling, headers. Returns its folder."""
    faults = faults or Faults()
    name = "aiecc.py" if faults.generation == "A" else "aiecc"
    script(root / "bin" / name, "fake_aiecc", faults)
    spelling = SPELLINGS.get(faults.generation, "none")
    optimiser = root / "bin" / "aie-opt"
    optimiser.write_text(f'#!/bin/sh\ncase "$1" in */macros/{spelling}/probe.mlir) exit 0;; *) exit 1;; esac\n')
    optimiser.chmod(0o755)
    (root / "include" / "aie_api").mkdir(parents=True, exist_ok=True)
    (root / "include" / "aie_api" / "aie.hpp").write_text("// none of it is read\n")
    return root


def install_peano(root: Path, faults: Faults | None = None) -> Path:
    """A fake Peano. Returns its folder."""
    script(root / "bin" / "clang++", "fake_clang", faults or Faults())
    return root


def calls(root: Path) -> list[list[str]]:
    """The arguments of every call of a fake below `root`, questions of version and help left out."""
    found: list[list[str]] = []
    for log in sorted(root.glob("bin/*.calls")):
        found += [json.loads(line) for line in log.read_text().splitlines()]
    return found


SMI = {
    "2.18": """System Configuration
  OS Name              : Linux
XRT
  Version              : 2.18.0
  Hash Date            : 2024-08-01
  XDNA                 : 2.18.0
Devices present
BDF             :  Name
------------------------------------
[0000:c5:00.1]  :  NPU Phoenix
""",
    "2.21": """System Configuration
  OS Name              : Linux
XRT
  Version              : 2.21.75
  amdxdna Version      : 7.0.0-29-generic
  NPU Firmware Version : 1.1.2.64
Device(s) Present
|BDF             |Name          |
|----------------|--------------|
|[0000:66:00.1]  |RyzenAI-npu4  |
""",
}
SMI["hawk"] = (
    SMI["2.21"]
    .replace("2.21.75", "2.20.0")
    .replace("0000:66:00.1", "0000:c6:00.1")
    .replace("npu4", "npu1")
    .replace("1.1.2.64", "1.5.5.391")
)
SMI["unknown"] = SMI["2.21"].replace("npu4", "npu9")
SMI["none"] = SMI["2.21"].partition("Device(s)")[0] + "  0 devices found\n"
SMI["mute"] = "hello\n"


def install_xrt_smi(root: Path, kind: str) -> Path:
    """A fake xrt-smi that says what is in `SMI`, or fails ("broken"). Returns its folder."""
    (root / "bin").mkdir(parents=True, exist_ok=True)
    said = root / "bin" / "said.txt"
    said.write_text(SMI.get(kind, "ERROR: no such device\n"))
    code = 1 if kind == "broken" else 0
    path = root / "bin" / "xrt-smi"
    path.write_text(f'#!/bin/sh\necho "$@" >> "{root}/bin/smi.log"\ncat "{said}"\nexit {code}\n')
    path.chmod(0o755)
    return root
