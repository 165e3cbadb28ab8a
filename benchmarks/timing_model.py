"""The tables and plots of docs/performance.md: the timing model held against published figures, and a model's
modelled time.

    python benchmarks/timing_model.py validate          docs/performance/validation.json
    python benchmarks/timing_model.py model MODEL [DEVICE...]  docs/performance/MODEL.json (recorded on the host
    target)
    python benchmarks/timing_model.py report            tables into docs/performance.md, plots (SVG) beside
    the JSON

Everything is modelled but the published figures, which were measured by others. The plots need matplotlib.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MACHINES = {"npu1": ((1.0, 15.0), (1.6, 28.0)), "npu2": ((1.8, 50.0),)}
"""Clock in GHz and DDR bandwidth in GB/s."""
FOLDER = ROOT / "docs" / "performance"
PAGE = ROOT / "docs" / "performance.md"


def validate() -> None:
    """Every published row."""
    from aiebuild.timing.validation import outcome, rows

    results: list[dict[str, Any]] = []
    for row in rows():
        start = time.perf_counter()
        found = outcome(row)
        gemm = row.gemm
        results.append(
            {
                "source": row.source, "device": gemm.device, "types": f"{gemm.kind} -> {gemm.out}",
                "tile": "x".join(map(str, gemm.tile)), "size": "x".join(map(str, gemm.size)) if found.run else "call",
                "unit": row.unit, "published": row.value, "modelled": round(found.modelled, 4),
                "error": round(found.error, 5), "calibration": row.calibration,
                "bound": found.run.bound() if found.run else "",
            }
        )  # fmt: skip
        print(results[-1], f"{time.perf_counter() - start:.1f} s", flush=True)
    write(FOLDER / "validation.json", results)


def model(name: str, devices: list[str]) -> None:
    """A model's stages on the devices; what is known of others stays."""
    from aiebuild.build.models import ModelBuild, design_of
    from aiebuild.report.modelled import as_values, machine_of, whole_files
    from aiebuild.report.run import find_artifact
    from aiebuild.report.terminal import BuildProgress
    from aiebuild.timing.stages import BATCHES, model_stages, record_model, sensitivity, without
    from aiebuild.whisper.audio import load_audio

    samples = load_audio(ROOT / "samples" / "jfk.wav").samples
    path = FOLDER / f"{name}.json"
    known: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    results = [values for values in known if values["machine"]["device"] not in devices]
    for device, machines in MACHINES.items():
        if device not in devices:
            continue
        build = ModelBuild(name, device)
        for windows in BATCHES:
            artifact = find_artifact(ModelBuild(name, device, windows=windows), no_build=False)
        with BuildProgress(f"recording {build.name}") as progress:
            design = design_of(build, progress, BATCHES)()
        dispatches = record_model(artifact, design, samples, machine_of(device, None, None))
        for clock, bandwidth in machines:
            machine = machine_of(device, clock, bandwidth)
            stages = model_stages(dispatches, machine)
            files = whole_files(stages, machine)
            values = as_values(name, machine, stages, files, sensitivity(dispatches, machine))
            encoder = next(dispatch for dispatch in dispatches if dispatch.overlay == "encoder")
            values["encoder_without"] = [asdict(less) for less in without(encoder, machine)]
            results.append(replace_floats(values))
            write(path, sorted(results, key=lambda values: values["machine"]["device"]))
            print(machine, flush=True)


def replace_floats(value: Any) -> Any:
    """Floats with six digits, so that files stay small and readable."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: replace_floats(item) for key, item in value.items()}
    return [replace_floats(item) for item in value] if isinstance(value, list | tuple) else value


def write(path: Path, value: Any) -> None:
    """A JSON file."""
    FOLDER.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def table(head: list[str], body: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)])


def validation_tables(results: list[dict[str, Any]]) -> str:
    """Summary, then calibration and held-out rows."""
    parts: list[str] = []
    for title, calibration in (("Held out", False), ("Calibrated with", True)):
        of = [row for row in results if row["calibration"] is calibration]
        errors = [abs(row["error"]) for row in of]
        misses = sum(error > 0.15 for error in errors)
        parts.append(
            f"{title}: {len(of)} rows, median error {median(errors):.1%}, largest {max(errors):.1%}, "
            f"{misses} beyond 15 %.\n"
        )
        parts.append(table(
            ["source", "device", "types", "tile", "size", "published", "modelled", "error of time", "bound by"],
            [[
                row["source"], row["device"], row["types"], row["tile"], row["size"],
                f"{row['published']:g} {row['unit']}", f"{row['modelled']:.4g}",
                f"{row['error']:+.1%}" + (" **miss**" if abs(row["error"]) > 0.15 else ""), row["bound"],
            ] for row in of],
        ))  # fmt: skip
        parts.append("")
    return "\n".join(parts)


def model_tables(results: list[dict[str, Any]]) -> str:
    """Stages and whole files for each machine."""
    parts: list[str] = []
    for values in results:
        machine = values["machine"]
        parts.append(f"{machine['device']}, {machine['clock']:g} GHz, {machine['bandwidth']:g} GB/s:\n")
        parts.append(table(
            ["stage", "ms", "cores compute", "DDR busy", "read, MB", "tasks", "bound by"],
            [[
                stage["name"], f"{1e3 * stage['seconds']:.3f}", f"{stage['busy']['compute']:.0%}",
                f"{stage['busy']['DDR']:.0%}", f"{stage['ddr']['read_bytes'] / 1e6:.1f}",
                str(stage["control_processor"]["tasks"]), stage["bound"],
            ] for stage in values["stages"]],
        ))  # fmt: skip
        parts.append("")
        parts.append(table(
            ["file", "windows at a time", "time", "times real time"],
            [[f"{f['audio']:g} s", str(f["batch"]), f"{f['seconds']:.2f} s", f"{f['factor']:.1f}"]
             for f in values["files"]],
        ))  # fmt: skip
        parts.append("")
    return "\n".join(parts)


def sensitivity_table(values: dict[str, Any]) -> str:
    """What each assumption does."""
    return table(
        ["assumption", "encoder, ms", "decoder step, ms", "an hour, times real time"],
        [[v["name"], f"{1e3 * v['encoder']:.2f}", f"{1e3 * v['step']:.3f}", f"{v['factor']:.1f}"]
         for v in values["sensitivity"]],
    )  # fmt: skip


def bounds_table(values: dict[str, Any]) -> str:
    """The encoder without parts of its cost."""
    return table(
        ["taken away", "modelled ms", "then bound by"],
        [[less["name"], f"{1e3 * less['seconds']:.1f}", less["bound"]] for less in values["encoder_without"]],
    )


def put(text: str, name: str, content: str) -> str:
    """Replace what stands between a pair of markers."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        raise SystemExit(f"{PAGE}: no markers for {name}")
    return re.sub(re.escape(begin) + ".*?" + re.escape(end), f"{begin}\n{content.strip()}\n{end}", text, flags=re.S)


def report() -> None:
    """Tables and plots from the JSON files."""
    validation = json.loads((FOLDER / "validation.json").read_text())
    base = json.loads((FOLDER / "base.json").read_text())
    text = PAGE.read_text(encoding="utf-8")
    text = put(text, "validation", validation_tables(validation))
    text = put(text, "base", model_tables(base))
    text = put(text, "sensitivity", sensitivity_table(base[0]))
    text = put(text, "bounds", bounds_table(base[0]))
    PAGE.write_text(text, encoding="utf-8")
    plots(validation, base)


def plots(validation: list[dict[str, Any]], base: list[dict[str, Any]]) -> None:
    """SVG files, the same bytes for the same data."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "aiebuild"
    mpl.rcParams["font.size"] = 9
    import matplotlib.pyplot as plt

    def save(figure: Any, name: str) -> None:
        figure.tight_layout()
        figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)

    figure, axes = plt.subplots(figsize=(5.5, 5))
    for source, device, marker in (("TAKA", "npu1", "o"), ("TAKA", "npu2", "s"), ("IGN", "npu1", "^")):
        of = [r for r in validation if (r["source"], r["device"]) == (source, device)]
        xs = [r["published"] / r["published"] * (1 + r["error"]) for r in of]
        ys = [seconds_of(r) for r in of]
        axes.scatter(ys, xs, marker=marker, s=22, label=f"{source}, {device}",
                     facecolors=["none" if r["calibration"] else "C0" for r in of], edgecolors="C0")  # fmt: skip
    axes.axhspan(0.85, 1.15, color="0.9", zorder=0)
    axes.axhline(1, color="0.5", lw=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("published time, s (open: calibrated with)")
    axes.set_ylabel("modelled / published time")
    axes.legend()
    save(figure, "validation")

    encoder = next(s for s in base[0]["stages"] if s["name"].startswith("encoder"))
    names = sorted(encoder["operations"], key=lambda k: -encoder["operations"][k])
    figure, axes = plt.subplots(figsize=(6.5, 3))
    axes.barh(names[::-1], [1e3 * encoder["operations"][n] for n in names[::-1]])
    axes.set_xlabel("modelled ms of a window, npu1, 1.0 GHz, 15 GB/s")
    save(figure, "encoder")

    figure, axes = plt.subplots(figsize=(7, 3.4))
    varied = base[0]["sensitivity"]
    usual = varied[0]["factor"]
    shown = sorted(varied[1:], key=lambda v: abs(v["factor"] - usual))
    axes.barh([v["name"] for v in shown], [v["factor"] - usual for v in shown], left=usual)
    axes.axvline(usual, color="k", lw=0.8)
    axes.set_xlabel("an hour of speech, modelled times real time")
    save(figure, "sensitivity")

    figure, axes = plt.subplots(figsize=(7, 3.2))
    left = [0.0] * len(base[0]["stages"])
    stage_names = [s["name"] for s in base[0]["stages"]]
    for part in base[0]["stages"][0]["shares"]:
        width = [s["shares"][part] for s in base[0]["stages"]]
        axes.barh(stage_names, width, left=left, label=part)
        left = [a + b for a, b in zip(left, width, strict=True)]
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the cores' modelled time: computing, or waiting for")
    axes.legend(ncol=4, fontsize=7, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    save(figure, "stages")


def seconds_of(row: dict[str, Any]) -> float:
    """Published time of a row."""
    m, k, n = map(int, (row["tile"] if row["size"] == "call" else row["size"]).split("x"))
    clock = 1.8e9 if row["source"] == "IGN" or row["device"] == "npu2" else 1e9
    return {
        "us": row["published"] * 1e-6,
        "TOPS": 2 * m * k * n / row["published"] * 1e-12,
        "cycles": row["published"] / clock,
        "MAC/cycle": m * k * n / row["published"] / clock,
    }[row["unit"]]


def main() -> None:
    """The command line."""
    match sys.argv[1:]:
        case ["validate"]:
            validate()
        case ["model", name, *devices]:
            model(name, devices or list(MACHINES))
        case ["report"]:
            report()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
