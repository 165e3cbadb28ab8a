"""From a design to a plan for the host target."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from aiebuild import __version__
from aiebuild.build.inputs import Inputs, stamp_roots
from aiebuild.build.plan import Plan, PlannedFile, Step
from aiebuild.config.toolchain import HostToolchain
from aiebuild.designs.spec import Design, KernelSpec, OverlaySpec, PackSpec, Parameters, SequenceSpec, canonical, plain
from aiebuild.errors import UsageError
from aiebuild.host.flags import ENGINE_SOURCES, kernel_command, link_command, overlay_command
from aiebuild.manifest.cpu import this_instruction_set
from aiebuild.manifest.types import Tool
from aiebuild.resources import kernels_dir, resource_root
from aiebuild.toolchain.compiler import HostCompiler

# What the Python steps depend on: sub-packages of aiebuild, and libraries.
_CODE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "render": (("render", "build/step.py", "build/stages.py"), ("jinja2",)),
    "lower": (("dialect", "target", "check", "host", "config", "build/step.py", "build/stages.py"), ("xdsl",)),
    "manifest": (("manifest", "build/step.py", "build/stages.py"), ()),
}


class HostPlanner:
    """Plans the host build of one design. `counting`: build the overlays a second time, counting operations."""

    def __init__(
        self, design: Design, profile: HostToolchain, compiler: HostCompiler, inputs: Inputs, *, counting: bool
    ) -> None:
        self.design = design
        self.profile = profile
        self.compiler = compiler
        self.inputs = inputs
        self.counting = counting
        self.name = f"{design.name}-{design.device}-host"
        self.steps: dict[str, Step] = {}
        self.files: dict[str, PlannedFile] = {}
        self.tool = {name: inputs.packages(name, *code) for name, code in _CODE.items()}
        self.tool["cxx"] = inputs.text("tools/cxx", compiler.identity)
        self.targets = inputs.tree("configs")

    def plan(self) -> Plan:
        """The plan; raises UsageError for inputs that do not exist or names used twice."""
        for root in ("aiebuild/host/include", "aiebuild/host/src", "kernels_src", "templates"):
            self.inputs.tree(root)
        _unique("overlay", [overlay.name for overlay in self.design.overlays])
        _unique("packed file", [pack.name for pack in self.design.packs])
        overlays = [self._overlay(overlay) for overlay in self.design.overlays]
        packs = [self._pack(pack) for pack in self.design.packs]
        self._manifest(overlays, packs)
        return Plan(
            self.name,
            tuple(self.steps.values()),
            (*self.inputs.files(), *self.files.values()),
            dict(sorted(self.inputs.digests.items())),
        )

    # one method per kind of product; each returns the paths the manifest needs

    def _overlay(self, overlay: OverlaySpec) -> dict[str, object]:
        folder = f"overlays/{self.design.device}/{overlay.name}-{overlay.key}"
        mlir, origins = self._render(overlay.name, overlay.template, overlay.parameters, f"{folder}/{overlay.name}")
        source = f"{folder}/{overlay.name}.cc"
        self._add(
            Step(
                "lower",
                f"check and lower overlay {overlay.name}",
                (mlir, origins, self.tool["lower"], *self._device_inputs()),
                (source,),
                self._python(
                    *("lower", "--device", self.design.device, "--name", overlay.name),
                    *("--origins", origins, "--out", source, mlir),
                ),
            )
        )
        entry: dict[str, object] = {"name": overlay.name, "counting": None}
        entry["library"] = self._library(overlay, folder, source, counting=False)
        if self.counting:
            entry["counting"] = self._library(overlay, folder, source, counting=True)
        _unique(f"sequence of overlay {overlay.name}", [sequence.name for sequence in overlay.sequences])
        entry["sequences"] = [self._sequence(overlay, sequence) for sequence in overlay.sequences]
        return entry

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
        self._add(
            Step(
                "overlay",
                f"link overlay {overlay.name}{_counting(counting)}",
                (*objects, self.tool["cxx"]),
                (library,),
                self._python("tool", "--out", library, "--", *argv),
            )
        )
        return library

    def _kernel(self, kernel: KernelSpec, *, counting: bool) -> str:
        variant = ".count" if counting else ""
        out = f"kernels/{kernel.object_name.removesuffix('.o')}{variant}.o"
        stamp = self.inputs.file("kernels_src", kernel.source)
        defines = [f"{name}={value}" for name, value in kernel.defines]
        command = kernel_command(
            self.compiler.path,
            kernels_dir() / kernel.source,
            Path(out),
            depfile=Path(f"{out}.d"),
            count=counting,
            include=[kernels_dir()],
            defines=defines,
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
        roots = [f"{path}={name}" for name, path in stamp_roots().items()]
        stamps = [word for root in roots for word in ("--stamps", root)]
        step = self._python("tool", "--out", out, "--depfile", depfile, *stamps, "--", *argv)
        self._add(Step("object", what, (*inputs, self.tool["cxx"]), (out,), step, depfile))

    def _sequence(self, overlay: OverlaySpec, sequence: SequenceSpec) -> dict[str, str]:
        stem = f"{self.name}/{overlay.name}/{sequence.name}"
        what = f"{overlay.name}/{sequence.name}"
        mlir, origins = self._render(what, sequence.template, sequence.parameters, stem)
        out = f"{stem}.seq"
        argv = ("--device", self.design.device, "--origins", origins, "--symbol", sequence.symbol or sequence.name)
        self._add(
            Step(
                "sequence",
                f"check and encode sequence {what}",
                (mlir, origins, self.tool["lower"], *self._device_inputs()),
                (out,),
                self._python("sequence", *argv, "--out", out, mlir),
            )
        )
        return {"name": sequence.name, "file": out}

    def _render(self, what: str, template: str, parameters: Parameters, stem: str) -> tuple[str, str]:
        mlir, origins, values, depfile = (f"{stem}{suffix}" for suffix in (".mlir", ".origins", ".json", ".d"))
        self._file(values, canonical(parameters))
        argv = ("--profile", self.profile.macros, "--parameters", values, "--origins", origins, "--depfile", depfile)
        self._add(
            Step(
                "render",
                f"render {what} from {template}",
                (self.inputs.file("templates", template), values, self.tool["render"]),
                (mlir, origins),
                self._python("render", *argv, "--out", mlir, template),
                depfile,
            )
        )
        return mlir, origins

    def _pack(self, pack: PackSpec) -> dict[str, str]:
        stem = f"{self.name}/packs/{pack.name}"
        out, table, values = f"{stem}.bin", f"{stem}.table.json", f"{stem}.json"
        self._file(values, canonical(pack.parameters))
        code = self.inputs.packages(f"pack-{pack.name}", (*pack.packages, "build/stages.py"), ("numpy",))
        self._add(
            Step(
                "pack",
                f"pack {pack.name}",
                (*map(self.inputs.outside, pack.inputs), values, code),
                (out, table),
                self._python(
                    *("pack", "--function", pack.function, "--parameters", values, "--table", table, "--out", out),
                    *(str(path.absolute()) for path in pack.inputs),
                ),
            )
        )
        return {"name": pack.name, "file": out, "table": table}

    def _manifest(self, overlays: list[dict[str, object]], packs: list[dict[str, str]]) -> None:
        for file in self.design.files:
            self.inputs.outside(file.source)
        compiler = self.compiler
        tools = [
            Tool("c++", compiler.path, f"{compiler.family} {compiler.version} {compiler.triple}", compiler.sha256),
            *self.inputs.tools.values(),
        ]
        skeleton = {
            "name": self.design.name,
            "device": self.design.device,
            "target": "host",
            "aiebuild": __version__,
            "profile": self.profile.name,
            "instruction_set": asdict(this_instruction_set()),
            "tools": [asdict(tool) for tool in tools],
            "inputs": dict(sorted(self.inputs.digests.items())),
            "overlays": overlays,
            "packs": packs,
            "files": [{"name": file.name, "source": str(file.source.absolute())} for file in self.design.files],
            "buffers": plain(self.design.buffers),
            "metadata": plain(self.design.metadata),
        }
        values = f"{self.name}/manifest.in.json"
        out = f"{self.name}/manifest.json"
        self._file(values, json.dumps(skeleton, sort_keys=True, indent=1))
        products = tuple(path for step in self.steps.values() if step.stage in _PRODUCTS for path in step.outputs)
        files = tuple(self.inputs.outside(file.source) for file in self.design.files)
        self._add(
            Step(
                "manifest",
                f"write the manifest of {self.name}",
                (values, *products, *files, self.tool["manifest"]),
                (out,),
                self._python("manifest", "--out", out, values),
            )
        )

    def _device_inputs(self) -> list[str]:
        return [stamp for stamp in self.targets if stamp.startswith("stamps/configs/targets/")]

    def _python(self, *argv: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "aiebuild.build.step", *argv)

    def _file(self, path: str, text: str) -> None:
        self.files[path] = PlannedFile(path, text + "\n")

    def _add(self, step: Step) -> None:
        """Add a step once: overlays share kernels. Two different steps for one output are a mistake in the design."""
        known = self.steps.setdefault(step.outputs[0], step)
        if known != step:
            raise UsageError(
                f"two different steps would write {step.outputs[0]}: {known.description}; {step.description}"
            )


_PRODUCTS = ("overlay", "sequence", "pack")
_NO_BUILD_ID = "-Wl,--build-id=none"  # nothing in a library but what its inputs say


def _unique(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the design names {what} `{name}` twice")


def _counting(counting: bool) -> str:
    return ", counting" if counting else ""


def _with(defines: list[str]) -> str:
    return f" ({', '.join(defines)})" if defines else ""
