"""From a design to a plan for the host target."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from aiebuild.build.inputs import Inputs
from aiebuild.build.plan import Plan, Step
from aiebuild.build.planning import DesignPlanner, unique
from aiebuild.config.toolchain import HostToolchain
from aiebuild.designs.spec import Design, KernelSpec, OverlaySpec, Parameters, SequenceSpec
from aiebuild.host.flags import ENGINE_SOURCES, UNLIMITED, core_defines, kernel_command, link_command, overlay_command
from aiebuild.manifest.cpu import this_instruction_set
from aiebuild.manifest.types import Tool
from aiebuild.resources import kernels_dir, resource_root
from aiebuild.toolchain.compiler import HostCompiler


class HostPlanner(DesignPlanner):
    """Plans the host build of one design. `counting`: build the overlays a second time, counting operations."""

    def __init__(
        self, design: Design, profile: HostToolchain, compiler: HostCompiler, inputs: Inputs, *, counting: bool
    ) -> None:
        super().__init__(design, "host", inputs)
        self.profile = profile
        self.compiler = compiler
        self.counting = counting
        self.tool["cxx"] = inputs.text("tools/cxx", compiler.identity)

    def plan(self) -> Plan:
        """The plan; raises UsageError for inputs that do not exist or names used twice."""
        for root in ("aiebuild/host/include", "aiebuild/host/src", "kernels_src", "templates"):
            self.inputs.tree(root)
        unique("overlay", [overlay.name for overlay in self.design.overlays])
        unique("packed file", [pack.name for pack in self.design.packs])
        packs = [self.pack(pack) for pack in self.design.packs]  # the longest steps, so they begin first
        overlays = [self._overlay(overlay) for overlay in self.design.overlays]
        compiler = self.compiler
        version = f"{compiler.family} {compiler.version} {compiler.triple}"
        tools = [Tool("c++", compiler.path, version, compiler.sha256), *self.python_tools()]
        self.manifest(
            {
                "profile": self.profile.name,
                "instruction_set": asdict(this_instruction_set()),
                "tools": [asdict(tool) for tool in tools],
                "overlays": overlays,
                "packs": packs,
            }
        )
        return self.finished()

    # one method per kind of product; each returns the paths the manifest needs

    def _overlay(self, overlay: OverlaySpec) -> dict[str, object]:
        entry: dict[str, object] = {"name": overlay.name, "counting": None}
        entry["library"] = self.overlay_library(overlay)
        if self.counting:
            entry["counting"] = self.overlay_library(overlay, counting=True)
        unique(f"sequence of overlay {overlay.name}", [sequence.name for sequence in overlay.sequences])
        entry["sequences"] = [self.sequence(overlay, sequence) for sequence in overlay.sequences]
        return entry

    def overlay_library(self, overlay: OverlaySpec, *, counting: bool = False) -> str:
        """Adds an overlay's library and all it is made of; its path."""
        folder = f"overlays/{self.design.device}/{overlay.name}-{overlay.key}"
        mlir, origins = self.rendered(overlay.name, overlay.template, overlay.parameters, f"{folder}/{overlay.name}")
        source = f"{folder}/{overlay.name}.cc"
        self.add(
            Step(
                "lower",
                f"check and lower overlay {overlay.name}",
                (mlir, origins, self.tool["lower"], *self.device_inputs()),
                (source,),
                self.python(
                    *("lower", "--device", self.design.device, "--name", overlay.name),
                    *("--origins", origins, "--out", source, mlir),
                ),
            )
        )
        return self._library(overlay, folder, source, counting=counting)

    def _library(self, overlay: OverlaySpec, folder: str, source: str, *, counting: bool) -> str:
        variant = ".count" if counting else ""
        main = f"{folder}/{overlay.name}{variant}.o"
        command = overlay_command(
            self.compiler.path, Path(source), Path(main), depfile=Path(f"{main}.d"), count=counting
        )
        self._compile(f"compile overlay {overlay.name}{_counting(counting)}", (source,), command, main)
        objects = [
            main,
            *(self._kernel(kernel, counting=counting) for kernel in overlay.kernels),
            *(self._engine(name, counting=counting) for name in ENGINE_SOURCES),
        ]
        library = f"{folder}/{overlay.name}{variant}.so"
        argv = [*link_command(self.compiler.path, list(map(Path, objects)), Path(library)), _NO_BUILD_ID]
        self.add(
            Step(
                "overlay",
                f"link overlay {overlay.name}{_counting(counting)}",
                (*objects, self.tool["cxx"]),
                (library,),
                self.python("tool", "--out", library, "--", *argv),
            )
        )
        return library

    def _kernel(self, kernel: KernelSpec, *, counting: bool) -> str:
        variant = ".count" if counting else ""
        core = core_defines(self.design.device)
        folder = "/".join(("kernels", *(define.lower() for define in core)))
        out = f"{folder}/{kernel.object_name.removesuffix('.o')}{variant}.o"
        stamp = self.inputs.file("kernels_src", kernel.source)
        defines = [*(f"{name}={value}" for name, value in kernel.defines), *core]
        command = kernel_command(
            self.compiler.path,
            kernels_dir() / kernel.source,
            Path(out),
            depfile=Path(f"{out}.d"),
            count=counting,
            include=[kernels_dir()],
            defines=[*defines, UNLIMITED],
        )
        self._compile(f"compile kernel {kernel.source}{_with(defines)}{_counting(counting)}", (stamp,), command, out)
        return out

    def _engine(self, source: Path, *, counting: bool) -> str:
        """An object of the engine, shared by all overlays."""
        out = f"engine/{source.stem}{'.count' if counting else ''}.o"
        command = overlay_command(self.compiler.path, source, Path(out), depfile=Path(f"{out}.d"), count=counting)
        stamp = self.inputs.file("aiebuild/host/src", source.name)
        self._compile(f"compile the engine's {source.name}{_counting(counting)}", (stamp,), command, out)
        return out

    def _compile(self, what: str, inputs: tuple[str, ...], command: list[str], out: str) -> None:
        depfile = f"{out}.d"
        # the same bytes wherever the checkout is, and every time
        same = (f"-ffile-prefix-map={resource_root()}=.", f"-frandom-seed={out}")
        argv = [command[0], *same, *command[1:]]
        step = self.python("tool", "--out", out, "--depfile", depfile, *self.stamped(), "--", *argv)
        self.add(Step("object", what, (*inputs, self.tool["cxx"]), (out,), step, depfile))

    def rendered(self, what: str, template: str, parameters: Parameters, stem: str) -> tuple[str, str]:
        """Adds a rendering in the host's spelling."""
        return self.render(what, template, parameters, stem, self.profile.macros)

    def sequence(self, overlay: OverlaySpec, sequence: SequenceSpec) -> dict[str, str]:
        """Adds an encoded sequence; its name and path."""
        stem = f"{self.name}/{overlay.name}/{sequence.name}"
        what = f"{overlay.name}/{sequence.name}"
        mlir, origins = self.rendered(what, sequence.template, sequence.parameters, stem)
        out = f"{stem}.seq"
        argv = ("--device", self.design.device, "--origins", origins, "--symbol", sequence.symbol or sequence.name)
        self.add(
            Step(
                "sequence",
                f"check and encode sequence {what}",
                (mlir, origins, self.tool["lower"], *self.device_inputs()),
                (out,),
                self.python("sequence", *argv, "--out", out, mlir),
            )
        )
        return {"name": sequence.name, "file": out}


_NO_BUILD_ID = "-Wl,--build-id=none"  # nothing in a library but what its inputs say


def _counting(counting: bool) -> str:
    return ", counting" if counting else ""


def _with(defines: list[str]) -> str:
    return f" ({', '.join(defines)})" if defines else ""
