"""Builds and runs the benchmarks of the AIE API's host headers.

`python benchmarks/aie_api/bench.py [--march M] [NAME...]`

Prints one line per kernel, best of many runs on one core with data in its cache. Figures hold for the machine they were
measured on, which the first lines name.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KERNELS = (
    "encoder_gemm",
    "encoder_attention",
    "encoder_norm",
    "decoder_linear",
    "decoder_load",
    "decoder_attention",
    "mel",
)


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def build_and_run(folder: Path, name: str, sources: list[Path], compiler: str, march: str, wanted: list[str]) -> None:
    program = folder / name
    flags = ["-std=c++20", "-O3", f"-march={march}", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-w"]
    include = [f"-I{ROOT / 'aiebuild/host/include'}", f"-I{ROOT / 'kernels_src'}"]
    subprocess.run([compiler, *flags, *include, *map(str, sources), "-o", str(program)], check=True)
    subprocess.run([str(program), *wanted], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--march", default="native")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("names", nargs="*", help="parts of the names wanted")
    options = parser.parse_args()
    print(f"{cpu_name()}, {options.compiler} -march={options.march}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        kernels = [ROOT / "kernels_src" / f"{kernel}.cc" for kernel in KERNELS]
        where, how = Path(folder), (options.compiler, options.march, options.names)
        build_and_run(where, "operations", [HERE / "bench.cc"], *how)
        build_and_run(where, "kernels", [HERE / "kernels.cc", *kernels], *how)


if __name__ == "__main__":
    main()
