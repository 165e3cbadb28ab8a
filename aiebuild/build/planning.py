"""What plans for all targets have in common: rendering, packing, the manifest, and steps that are added once."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from aiebuild import __version__
from aiebuild.build.inputs import Inputs, stamp_roots
from aiebuild.build.plan import Plan, PlannedFile, Step
from aiebuild.designs.spec import Design, PackSpec, Parameters, canonical, plain
from aiebuild.errors import UsageError
from aiebuild.manifest.types import Tool

# What the Python steps depend on: sub-packages of aiebuild, and libraries.
CODE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "render": (("render", "build/step.py", "build/stages.py"), ("jinja2",)),
    "lower": (("dialect", "target", "check", "host", "config", "build/step.py", "build/stages.py"), ("xdsl",)),
    "manifest": (("manifest", "build/step.py", "build/stages.py"), ()),
}

PRODUCTS = ("overlay", "sequence", "pack", "known")


class DesignPlanner:
    """Plans one design for a target; `name` is the artifact's.

    Steps of different targets and models that make the same thing have the same paths, so that it is made once.
    """

    def __init__(self, design: Design, target: str, inputs: Inputs) -> None:
        self.design = design
        self.target = target
        self.inputs = inputs
        self.name = f"{design.name}-{design.device}-{target}"
        self.steps: dict[str, Step] = {}
        self.files: dict[str, PlannedFile] = {}
        self.tool = {name: inputs.packages(name, *code) for name, code in CODE.items()}
        self.targets = inputs.tree("configs")

    def finished(self) -> Plan:
        """The plan of what was added."""
        return Plan(
            self.name,
            tuple(self.steps.values()),
            (*self.inputs.files(), *self.files.values()),
            dict(sorted(self.inputs.digests.items())),
        )

    def render(self, what: str, template: str, parameters: Parameters, stem: str, macros: str) -> tuple[str, str]:
        """Adds the rendering of a template; the module and its line map. `macros`: folder of the spelling."""
        mlir, origins, values, depfile = (f"{stem}{suffix}" for suffix in (".mlir", ".origins", ".json", ".d"))
        self.file(values, canonical(parameters))
        argv = ("--profile", macros, "--parameters", values, "--origins", origins, "--depfile", depfile)
        self.add(
            Step(
                "render",
                f"render {what} from {template}",
                (self.inputs.file("templates", template), values, self.tool["render"]),
                (mlir, origins),
                self.python("render", *argv, "--out", mlir, template),
                depfile,
            )
        )
        return mlir, origins

    def pack(self, pack: PackSpec) -> dict[str, str]:
        """Adds a packed file; its paths for the manifest. All targets of a model share it."""
        stem = f"packs/{self.design.name}-{self.design.device}/{pack.name}"
        out, table, values = f"{stem}.bin", f"{stem}.table.json", f"{stem}.json"
        self.file(values, canonical(pack.parameters))
        code = self.inputs.packages(f"pack-{pack.name}", (*pack.packages, "build/stages.py"), ("numpy",))
        self.add(
            Step(
                "pack",
                f"pack {pack.name}",
                (*map(self.inputs.outside, pack.inputs), values, code),
                (out, table),
                self.python(
                    *("pack", "--function", pack.function, "--parameters", values, "--table", table, "--out", out),
                    *(str(path.absolute()) for path in pack.inputs),
                ),
            )
        )
        return {"name": pack.name, "file": out, "table": table}

    def manifest(self, skeleton: Mapping[str, object]) -> None:
        """Adds the manifest, of what was added so far. `skeleton`: what differs between targets."""
        for file in self.design.files:
            self.inputs.outside(file.source)
        complete = {
            "name": self.design.name,
            "device": self.design.device,
            "target": self.target,
            "aiebuild": __version__,
            "inputs": dict(sorted(self.inputs.digests.items())),
            "files": [{"name": file.name, "source": str(file.source.absolute())} for file in self.design.files],
            "buffers": plain(self.design.buffers),
            "metadata": plain(self.design.metadata),
            **skeleton,
        }
        values = f"{self.name}/manifest.in.json"
        out = f"{self.name}/manifest.json"
        self.file(values, json.dumps(complete, sort_keys=True, indent=1))
        products = tuple(path for step in self.steps.values() if step.stage in PRODUCTS for path in step.outputs)
        files = tuple(self.inputs.outside(file.source) for file in self.design.files)
        self.add(
            Step(
                "manifest",
                f"write the manifest of {self.name}",
                (values, *products, *files, self.tool["manifest"]),
                (out,),
                self.python("manifest", "--out", out, values),
            )
        )

    def python_tools(self) -> list[Tool]:
        """The Python code that takes part, as tools."""
        return list(self.inputs.tools.values())

    def device_inputs(self) -> list[str]:
        """The stamps of the target descriptions."""
        return [stamp for stamp in self.targets if stamp.startswith("stamps/configs/targets/")]

    def stamped(self) -> list[str]:
        """Options of a step that turns paths of headers into their stamps."""
        return [word for name, path in stamp_roots().items() for word in ("--stamps", f"{path}={name}")]

    def python(self, *argv: str) -> tuple[str, ...]:
        """The command of a Python step."""
        return (sys.executable, "-m", "aiebuild.build.step", *argv)

    def file(self, path: str, text: str) -> None:
        """Adds a file written before the steps run."""
        self.files[path] = PlannedFile(path, text + "\n")

    def add(self, step: Step) -> None:
        """Add a step once: overlays share kernels. Two different steps for one output are a mistake in the design."""
        known = self.steps.setdefault(step.outputs[0], step)
        if known != step:
            raise UsageError(
                f"two different steps would write {step.outputs[0]}: {known.description}; {step.description}"
            )


def unique(what: str, names: list[str]) -> None:
    """Raises UsageError when a name is there twice."""
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the design names {what} `{name}` twice")
