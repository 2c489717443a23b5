#!/usr/bin/env bash
# The main job: train the suites, show them beside the stored run with benchstat,
# gate them against the baselines, and print the tables.
set -euo pipefail

usage() {
	cat <<'EOF'
Usage: benchstat.sh [flags]

Trains every suite at a scale, compares the run with the stored one (benchstat)
and with the baselines (the gate), and prints tables and verdicts.

  -profile P     smoke (default), quick, full, or a profile of your own (FILE.json)
  -bench REGEXP  only these benchmarks, e.g. 'Imbalance/method=balanced-.*'
  -seeds N       seeds of every experiment (default: as the profile says), or
                 auto: one after the other until the verdict stands
  -backend B     auto (default), go, xla:cpu, xla:cuda or xla:/path/to/plugin.so
  -data DIR      folder of CIFAR (default: $TRAINBENCH_DATA)
  -parallel N    samples to train side by side (default: one for each core on pure
                 Go, where a small net uses one, and 1 on XLA)
  -fresh         train also what results/ holds already
  -update        store this run as the baseline; needs -reason
  -reason TEXT   why the baseline changes
  -n             print what would be run, and do not run it
  -against REV   first train the suites of a git revision, and use them as baseline
  -h, --help     this text

Exit status: 0 pass, 1 regression (or a training that could not run), 2 misuse or
results that cannot be compared.
EOF
}

die() {
	echo "benchstat.sh: $*" >&2
	exit 2
}

# Paths on the command line are relative to where the user is.
absolute() {
	case $1 in
	/*) echo "$1" ;;
	*) echo "$PWD/$1" ;;
	esac
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
profile=smoke bench=. against= update= reason= dry=
flags=()
while [ $# -gt 0 ]; do
	flag=${1#-}
	flag=${flag#-}
	value=
	case $flag in
	profile=* | bench=* | seeds=* | backend=* | data=* | parallel=* | reason=* | against=*)
		value=${flag#*=} flag=${flag%%=*}
		;;
	profile | bench | seeds | backend | data | parallel | reason | against)
		[ $# -ge 2 ] || die "-$flag needs a value; see --help"
		value=$2
		shift
		;;
	esac
	case $flag in
	h | help) usage && exit 0 ;;
	profile)
		profile=$value
		case $value in *.json) profile=$(absolute "$value") ;; esac
		;;
	bench) bench=$value ;;
	data) flags+=(-data "$(absolute "$value")") ;;
	backend)
		case $value in xla:*/*) value=xla:$(absolute "${value#xla:}") ;; esac
		flags+=(-backend "$value")
		;;
	seeds | parallel) flags+=("-$flag" "$value") ;;
	fresh) flags+=(-fresh) ;;
	update) update=1 ;;
	n) dry=1 ;;
	reason) reason=$value ;;
	against) against=$value ;;
	*) die "unknown flag $1; see --help" ;;
	esac
	shift
done
[ -z "$update" ] || [ -n "$reason" ] || die "-update needs -reason TEXT: why is the old baseline no longer right?"
name=$(basename "$profile" .json)
if [ -n "$dry" ]; then
	echo "suites: -bench $bench -profile $profile ${flags[*]-}${against:+ against $against}${update:+ update}"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/trainbench.XXXXXX")
cleanup() {
	if [ -d "$work/tree" ]; then
		git -C "$root" worktree remove --force "$work/tree" || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT

# The output goes through tee -i: Ctrl-C is for the trainings, which then save what
# they have, and can still say so.

# train TREE FLAG... runs the suites of a source tree. Building first keeps the exit
# status of the run apart from that of go test, and compiling out of its time.
train() {
	local tree=$1
	shift
	(cd "$tree" && go test -c -o "$work/suites.test" ./suites) || return 2
	(cd "$tree/suites" && "$work/suites.test" -test.run '^$' -test.bench "$bench" -test.timeout 0 \
		-profile "$profile" ${flags[@]+"${flags[@]}"} "$@")
}

baselines=$root/baselines
old=$baselines/$name/bench.txt
if [ -n "$against" ]; then
	git -C "$root" worktree add --quiet --detach "$work/tree" "$against" || die "no worktree of $against"
	echo "# training $against"
	baselines=$work/baselines old=$work/old.txt
	train "$work/tree" -results "$work/results" -baselines "$baselines" -update -reason "the suites of $against" |
		tee -i "$old" || die "the suites of $against do not run"
	echo "# training the work tree"
fi

new=$root/results/$name.bench.txt
mkdir -p "$root/results"
status=0
arguments=(-results "$root/results" -baselines "$baselines" -published "$root/baselines/published")
[ -z "$update" ] || arguments+=(-update -reason "$reason")
train "$root" "${arguments[@]}" | tee -i "$new" || status=${PIPESTATUS[0]}
[ "$status" -lt 128 ] || exit "$status" # interrupted: the run has said how to go on

if [ -s "$old" ]; then
	echo
	(cd "$root" && go tool benchstat -row '.name,/method' -ignore '/seed,pkg,goos,goarch,cpu' \
		"old=$old" "new=$new") || status=$((status > 2 ? status : 2))
elif [ -z "$update" ]; then
	echo "# no stored run at ${old#"$root"/}: benchstat has nothing to compare with; -update stores one"
fi
if [ -n "$update" ] && [ "$status" -eq 0 ]; then
	mkdir -p "$(dirname "$old")"
	cp "$new" "$old"
fi
case $status in
0) verdict="no regression is shown" ;;
1) verdict="a regression, or a training that could not run: see above" ;;
*) verdict="something cannot be compared: see above" ;;
esac
[ ! -f "$root/results/$name/index.html" ] || verdict+="; to look at: results/$name/index.html"
printf '\n# %s: %s\n' "$name" "$verdict" >&2
exit "$status"
