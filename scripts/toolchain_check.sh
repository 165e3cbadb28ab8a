#!/usr/bin/env bash
# Installs the pair that toolchain.lock pins, regenerates the designs' record and runs what can be checked without a chip.
# The differences and the outcome of each check go into the file named (difference.md); a failed check is in it and is no
# reason to stop: the text is for the person who decides.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-difference.md}
report() { # title, command...
  local title=$1 log status=0
  shift
  log=$(mktemp)
  "$@" > "$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    printf -- '- %s: ok\n' "$title" >> "$out.checks"
  else
    { printf -- '- %s: **failed** (exit code %s)\n\n```\n' "$title" "$status"; tail -n 20 "$log"; printf '```\n'; } >> "$out.checks"
  fi
  rm -f "$log"
}
: > "$out.checks"
report "aiebuild toolchain install" aiebuild toolchain install
report "aiebuild regen" aiebuild regen --cycles --difference "$out"
report "designs through aiecc" python -m pytest -q tests/toolchain/test_aiecc.py
report "aiebuild compile --model base --target npu" aiebuild compile --model base --target npu
[ -f "$out" ] || printf '# The designs could not be regenerated\n' > "$out"
{ printf '\n## Checks\n\n'; cat "$out.checks"; printf '\nNothing of this ran on a chip.\n'; } >> "$out"
rm -f "$out.checks"
cat "$out"
