# What the benchmarks share: sourced, not run. Sets LC_ALL; expects $work, a folder for its files, and $runs.
export LC_ALL=C.UTF-8

now() { date +%s.%N; }

# seconds COMMAND...: how long it takes; its output goes to a file that is shown where it fails.
seconds() {
  local begin end
  begin=$(now)
  "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; exit 1; }
  end=$(now)
  awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.3f\n", b - a }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# compare NAME OURS PEER PEER_NAME: functions of those names, run in turn, each after its function 'prepare_NAME', and
# all with the number of the run.
compare() {
  local i
  : >"$work/ours"
  : >"$work/peer"
  for ((i = 1; i <= runs; i++)); do
    "prepare_$2" "$i"; seconds "$2" "$i" >>"$work/ours"
    "prepare_$3" "$i"; seconds "$3" "$i" >>"$work/peer"
  done
  awk -v name="$1" -v peer="$4" -v a="$(median <"$work/ours")" -v b="$(median <"$work/peer")" \
    'BEGIN { printf "%-58s graph %.3f s   %s %.3f s   ratio %.2f\n", name, a, peer, b, a / b }'
}

# measure NAME FUNCTION: ours alone.
measure() {
  local i
  : >"$work/ours"
  for ((i = 1; i <= runs; i++)); do seconds "$2" "$i" >>"$work/ours"; done
  printf '%-58s graph %.3f s\n' "$1" "$(median <"$work/ours")"
}
