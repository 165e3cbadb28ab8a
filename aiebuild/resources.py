"""Where templates, kernel sources and configurations are: beside the package in a checkout, inside it when installed.

Also where builds go: `artifacts/` in a checkout, the user's cache otherwise (`AIEBUILD_ARTIFACTS` overrides both).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@cache
def checkout() -> Path | None:
    """The root of the source checkout this package runs from, or None for an installed package."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "templates").is_dir() else None


@cache
def resource_root() -> Path:
    """The folder that holds `templates/`, `kernels_src/` and `configs/`."""
    return checkout() or PACKAGE / "_resources"


def templates_dir() -> Path:
    """Jinja templates: `*.mlir.j2`, and `macros/<profile>/`."""
    return resource_root() / "templates"


def kernels_dir() -> Path:
    """C++ kernel sources written against the AIE API."""
    return resource_root() / "kernels_src"


def configs_dir() -> Path:
    """Configurations: `models/`, `designs/`, `targets/`, `toolchains/`."""
    return resource_root() / "configs"


def host_include_dir() -> Path:
    """C++ headers of the host target: the host's `aie_api/` and the engine's `aiebuild_host/`."""
    return PACKAGE / "host" / "include"


def host_source_dir() -> Path:
    """C++ sources of the host target's engine."""
    return PACKAGE / "host" / "src"


def cache_dir() -> Path:
    """The user's cache folder for aiebuild (weights, and artifacts of an installed package).

    `AIEBUILD_CACHE` overrides it; else `$XDG_CACHE_HOME/aiebuild` or `~/.cache/aiebuild`.
    """
    override = os.environ.get("AIEBUILD_CACHE")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_cache_dir("aiebuild"))


def artifacts_dir() -> Path:
    """The folder builds are published in."""
    override = os.environ.get("AIEBUILD_ARTIFACTS")
    if override:
        return Path(override)
    root = checkout()
    return root / "artifacts" if root else cache_dir() / "artifacts"


def display_path(path: Path) -> str:
    """`path` as a message should show it: relative to the resources or the working directory where it lies inside."""
    for base in (resource_root(), Path.cwd()):
        try:
            return str(path.absolute().relative_to(base))
        except ValueError:
            continue
    return str(path)
