"""From a design to a plan for the NPU: kernels by Peano, overlays and instructions by aiecc, the host target's packed
weights, and for each overlay a dispatch whose results the host target knows."""

from __future__ import annotations

from dataclasses import asdict

from aiebuild.build.inputs import Inputs
from aiebuild.build.plan import Plan, Step
from aiebuild.build.planner import HostPlanner
from aiebuild.build.planning import DesignPlanner, unique
from aiebuild.config.toolchain import HostToolchain
from aiebuild.designs.selftest import argument_bytes
from aiebuild.designs.spec import (
    Design,
    KernelSpec,
    KnownDispatch,
    OverlaySpec,
    SequenceSpec,
    canonical,
    digest_of,
)
from aiebuild.errors import MissingError, UsageError
from aiebuild.manifest.types import Tool
from aiebuild.resources import kernels_dir
from aiebuild.toolchain.aie import UNPINNED
from aiebuild.toolchain.compiler import HostCompiler
from aiebuild.toolchain.peano import NpuToolchain, kernel_command, overlay_command, sequence_command
from aiebuild.toolchain.search import INSTALL

_CODE = (
    (
        "dialect", "target", "check", "host", "config", "toolchain", "manifest", "build/step.py", "build/stages.py",
        "build/npu_stages.py",
    ),
    ("xdsl",),
)  # fmt: skip


class NpuPlanner(DesignPlanner):
    """Plans the build of one design for the NPU. `host` and `compiler`: of the known results."""

    def __init__(
        self, design: Design, toolchain: NpuToolchain, host: HostToolchain, compiler: HostCompiler, inputs: Inputs
    ) -> None:
        super().__init__(design, "npu", inputs)
        self.toolchain = toolchain
        self.ours = host.macros
        self.host = HostPlanner(design, host, compiler, inputs, counting=False)
        self.host.steps, self.host.files = self.steps, self.files
        chain = toolchain
        self.tool["npu"] = inputs.packages("npu", *_CODE)
        self.tool["peano"] = inputs.text("tools/peano", chain.peano.identity)
        self.tool["aiecc"] = inputs.text("tools/aiecc", f"{chain.aiecc.revision} {chain.aiecc_sha256}")
        self.folder = f"{chain.macros}-{digest_of([chain.aiecc.path, chain.peano.clang])[:8]}"

    def plan(self) -> Plan:
        """The plan. Raises UsageError as the host's, MissingError when Peano has no back end for the
        device, or mlir-aie is too old for an overlay."""
        self.toolchain.target(self.design.device)
        for root in ("kernels_src", "templates"):
            self.inputs.tree(root)
        unique("overlay", [overlay.name for overlay in self.design.overlays])
        unique("packed file", [pack.name for pack in self.design.packs])
        packs = [self.pack(pack) for pack in self.design.packs]  # the longest steps, so they begin first
        overlays = [self._overlay(overlay) for overlay in self.design.overlays]
        chain = self.toolchain
        generation = chain.aiecc.generation.name
        tools = [
            Tool("aiecc", chain.aiecc.path, f"{chain.aiecc.revision}, generation {generation}", chain.aiecc_sha256),
            Tool("peano", chain.peano.clang, f"{chain.peano.version} {chain.peano.revision}", chain.peano.sha256),
            *self.python_tools(),
        ]
        self.manifest(
            {
                "profile": f"{generation}, spelling {chain.macros}",
                "instruction_set": None,
                "tools": [asdict(tool) for tool in tools],
                "overlays": overlays,
                "packs": packs,
            }
        )
        return self.finished()

    def _overlay(self, overlay: OverlaySpec) -> dict[str, object]:
        device = self.design.device
        if "keep" in overlay.parameters and self.toolchain.macros in UNPINNED:
            raise MissingError(
                f"{self.toolchain.aiecc.path}: mlir-aie with spelling {self.toolchain.macros} ignores which DMA "
                f"channels the objectfifos of overlay {overlay.name} name, but its memory tiles use their numbers",
                hint=INSTALL,
            )
        stem = f"overlays/{device}/{overlay.name}-{overlay.key}"
        what, name = f"overlay {overlay.name}", overlay.name
        ours, origins = self.render(name, overlay.template, overlay.parameters, f"{stem}/{name}", self.ours)
        folder = f"{stem}/{self.folder}"
        mlir = ours
        if self.toolchain.macros != self.ours:
            mlir, _ = self.render(
                f"{name} for {self.toolchain.macros}", overlay.template, overlay.parameters, f"{folder}/{name}",
                self.toolchain.macros,
            )  # fmt: skip
        checked = f"{stem}/{name}.checked"
        self.add(
            Step(
                "check",
                f"check {what}",
                (ours, origins, self.tool["npu"], *self.device_inputs()),
                (checked,),
                self.python("check", "--device", device, "--origins", origins, "--out", checked, ours),
            )
        )
        objects = {kernel.object_name: self._kernel(kernel) for kernel in overlay.kernels}
        out, programs = f"{folder}/{name}.xclbin", f"{folder}/{name}.programs.json"
        command = overlay_command(self.toolchain, "design.mlir", "overlay.xclbin", "design.prj")
        named = [word for key, path in objects.items() for word in ("--object", f"{key}={path}")]
        self.add(
            Step(
                "overlay",
                f"place, route and link {what} for the NPU",
                (mlir, checked, *objects.values(), self.tool["aiecc"], self.tool["peano"], self.tool["npu"]),
                (out, programs),
                self.python(
                    *("overlay", "--device", device, "--programs", programs, *named, "--out", out, mlir),
                    *("--", *command),
                ),
            )
        )
        unique(f"sequence of overlay {name}", [sequence.name for sequence in overlay.sequences])
        entry: dict[str, object] = {"name": name, "library": out, "counting": None, "programs": programs}
        entry["sequences"] = [self._sequence(name, sequence) for sequence in overlay.sequences]
        test = next((test for test in self.design.tests if test.overlay == name), None)
        entry["test"] = self._known(overlay, test) if test is not None else None
        return entry

    def _kernel(self, kernel: KernelSpec) -> str:
        device = self.design.device
        out = f"kernels/{device}-{self.folder}/{kernel.object_name}"
        depfile = f"{out}.d"
        defines = [f"{name}={value}" for name, value in kernel.defines]
        source, folder = str(kernels_dir() / kernel.source), str(kernels_dir())
        command = kernel_command(self.toolchain, device, source, folder, defines, out, depfile)
        shown = f" ({', '.join(defines)})" if defines else ""
        self.add(
            Step(
                "object",
                f"compile kernel {kernel.source}{shown} for the NPU",
                (self.inputs.file("kernels_src", kernel.source), self.tool["peano"]),
                (out,),
                self.python("tool", "--out", out, "--depfile", depfile, *self.stamped(), "--", *command),
                depfile,
            )
        )
        return out

    def _sequence(self, overlay: str, sequence: SequenceSpec) -> dict[str, str]:
        device = self.design.device
        stem = f"{self.name}/{overlay}/{sequence.name}"
        what = f"{overlay}/{sequence.name}"
        ours, origins = self.render(what, sequence.template, sequence.parameters, stem, self.ours)
        mlir = ours
        if self.toolchain.macros != self.ours:
            spelled = f"{stem}.{self.toolchain.macros}"
            named = f"{what} for {self.toolchain.macros}"
            mlir, _ = self.render(named, sequence.template, sequence.parameters, spelled, self.toolchain.macros)
        out, use = f"{stem}.insts.bin", f"{stem}.use.json"
        command = sequence_command(self.toolchain, "design.mlir", "insts.bin", "design.prj")
        self.add(
            Step(
                "sequence",
                f"instructions of sequence {what}, held against the host's",
                (mlir, ours, origins, self.tool["aiecc"], self.tool["npu"], *self.device_inputs()),
                (out, use),
                self.python(
                    *("instructions", "--device", device, "--origins", origins, "--ours", ours, "--use", use),
                    *("--out", out, mlir, "--", *command),
                ),
            )
        )
        return {"name": sequence.name, "file": out, "use": use}

    def _known(self, overlay: OverlaySpec, test: KnownDispatch) -> dict[str, object]:
        """The self-test of an overlay: its instructions, and a file with arguments and results."""
        if all(test.sequence.name != sequence.name for sequence in overlay.sequences):
            sequence = self._sequence(overlay.name, test.sequence)
        else:
            sequence = self._sequence(overlay.name, next(s for s in overlay.sequences if s.name == test.sequence.name))
        library, encoded = self.host.overlay_library(overlay), self.host.sequence(overlay, test.sequence)["file"]
        stem = f"known/{self.design.device}/{overlay.name}-{digest_of([test.function, canonical(test.parameters)])[:8]}"
        arguments, table, values = f"{stem}.arguments", f"{stem}.table.json", f"{stem}.values.json"
        self.file(f"{stem}.json", canonical(test.parameters))
        code = self.inputs.packages(f"known-{overlay.name}", (*test.packages, "build/stages.py"), ("numpy",))
        self.add(
            Step(
                "pack",
                f"arguments of the self-test of {overlay.name}",
                (f"{stem}.json", code),
                (arguments, table),
                self.python(
                    *("pack", "--function", test.function, "--parameters", f"{stem}.json", "--table", table),
                    *("--out", arguments),
                ),
            )
        )
        described = {"bytes": list(argument_bytes(test.sequence)), "results": [list(r) for r in test.results]}
        self.file(values, canonical(described))
        out = f"{stem}.bin"
        run = self.inputs.packages("known", ("emulation", "runtime", "manifest", "build/npu_stages.py"), ("numpy",))
        self.add(
            Step(
                "known",
                f"known results of {overlay.name}, by the host target",
                (library, encoded, arguments, table, values, run),
                (out, f"{out}.json"),
                self.python(
                    *("known", "--function", "aiebuild.emulation.known:known_results", "--library", library),
                    *("--sequence", encoded, "--parameters", values, "--data", arguments, "--table", table),
                    *("--out", out),
                ),
            )
        )
        return {"sequence": sequence, "file": out, "known": f"{out}.json"}


def check_counting(counting: bool) -> None:
    """Raises UsageError: nothing is counted on the NPU."""
    if counting:
        raise UsageError("operations are counted on the host target only", hint="--target host")
