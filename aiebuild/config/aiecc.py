"""Generations of aiecc: `configs/toolchains/aiecc/*.toml`, from the oldest to the newest."""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.config.reader import read_toml
from aiebuild.resources import configs_dir


@dataclass(frozen=True)
class AieccGeneration:
    """How one generation of aiecc is told from the others, and called.

    `since`: when it came, for people. `banner`: how a line of its help begins. `requires`, `lacks`: options its help
    has and does not have; of `any_of` (if not empty) it has at least one. `without_cores`: arguments that check and
    place a design, route it and lower its cores as far as it goes without a kernel compiler; `instructions`: those that
    check, place and route it and write the sequence's instruction stream, with `{insts}` for the file. `overlay`: those
    that make an overlay, cores compiled by the Peano in `{peano}`, written to `{xclbin}`. `{tmpdir}`: a folder of its
    own.
    """

    name: str
    since: str
    banner: str
    requires: tuple[str, ...]
    lacks: tuple[str, ...]
    any_of: tuple[str, ...]
    without_cores: tuple[str, ...]
    instructions: tuple[str, ...]
    overlay: tuple[str, ...]

    def describes(self, help_text: str, options: frozenset[str]) -> bool:
        """Whether a help text and the options in it are those of this generation."""
        return (
            any(line.startswith(self.banner) for line in help_text.splitlines())
            and options.issuperset(self.requires)
            and options.isdisjoint(self.lacks)
            and (not self.any_of or not options.isdisjoint(self.any_of))
        )


def aiecc_generations() -> tuple[AieccGeneration, ...]:
    """All known generations, by name. Raises UsageError for a file that is wrong."""
    folder = configs_dir() / "toolchains" / "aiecc"
    return tuple(read_toml(path).build(AieccGeneration) for path in sorted(folder.glob("*.toml")))
