"""Writing designs: xDSL's printer, which here keeps the names that values have in the source."""

from __future__ import annotations

from xdsl.ir import SSAValue
from xdsl.printer import Printer


class DesignPrinter(Printer):
    """Prints `%tile_0_2` as `%tile_0_2`; a name that is taken in the same scope gets a number."""

    def print_ssa_value(self, value: SSAValue) -> str:
        name = self._ssa_values.get(value)
        if name is None:
            hint = value.name_hint
            if hint is None:
                name = self._get_new_valid_name_id()
            else:
                taken = self.ssa_names
                name = hint
                while name in taken:
                    taken[hint] += 1
                    name = f"{hint}_{taken[hint]}"
                taken[name] = 0
            self._ssa_values[value] = name
        self.print_string(f"%{name}")
        return name
