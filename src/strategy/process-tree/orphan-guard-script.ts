/**
 * What the guard runs, for any POSIX shell; `$1` is what the marks of its thread begin with, `$2` how many seconds pass
 * before it kills, `$3` the number of the youngest mark that was told of before it was started, `$4` the trees that were
 * there by then, `PID:NUMBER` each. It sleeps in `read` until the other end of its standard input is closed, which the
 * system does however a process ends.
 *
 * Lines on its input: `+ PID NUMBER`, a tree and the number of its mark; `- PID NUMBER`, it is over or was let go. Then
 * nothing is left alive of the trees that are there, nor of those whose marks are younger than the youngest that it was
 * told of. Its memory is bounded by the trees that run at a time.
 */
export const ORPHAN_GUARD_SCRIPT: string = String.raw`
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
trap '' HUP INT QUIT TERM
prefix=$1
last=${'$'}{3:-0}
trees=" ${'$'}{4:+$4 }"

while read -r action pid number; do
  tree=$pid:$number
  case $action in
    +)
      trees="$trees$tree "
      [ "$number" -le "$last" ] || last=$number
      ;;
    -) case $trees in
      *" $tree "*) trees="${'$'}{trees%%" $tree "*} ${'$'}{trees#*" $tree "}" ;;
    esac ;;
  esac
done

# What the death of its parent has asked to end gets to do so.
[ "${'$'}{2:-0}" = 0 ] || sleep "$2"

ids=' '
patterns=
for tree in $trees; do
  ids="$ids${'$'}{tree%:*} "
  patterns="$patterns -e $prefix${'$'}{tree#*:};"
done
roots=$ids
# One at most was started and not told of; those between are of commands that could not be started.
end=$((last + 100))
while [ "$last" -lt "$end" ]; do
  last=$((last + 1))
  patterns="$patterns -e $prefix$last;"
done

# pid:parent:group:session of every process that is alive.
list() {
  if [ -r /proc/self/stat ]; then
    for file in /proc/[0-9]*/stat; do
      read -r line <"$file" || continue
      pid=${'$'}{file#/proc/}
      set -- ${'$'}{line##*) }
      case $1 in [ZXx]) ;; *) echo "${'$'}{pid%/stat}:$2:$3:$4" ;; esac
    done
  else
    ps -A -o pid= -o ppid= -o pgid= -o stat= | while read -r pid parent group state; do
      case $state in Z*) ;; *) echo "$pid:$parent:$group:$group" ;; esac
    done
  fi
}

marked() {
  [ -r /proc/self/environ ] || return
  for file in $(grep -l -F $patterns /proc/[0-9]*/environ); do
    pid=${'$'}{file#/proc/}
    echo "${'$'}{pid%/environ}"
  done
}

empty=0
rounds=0
while [ $rounds -lt 200 ]; do
  rounds=$((rounds + 1))
  new=$(marked)
  [ "$ids$new" = ' ' ] && exit
  for pid in $new; do
    case $ids in *" $pid "*) ;; *) ids="$ids$pid " ;; esac
  done
  processes=$(list)
  grown=1
  while [ $grown = 1 ]; do
    grown=0
    for entry in $processes; do
      pid=${'$'}{entry%%:*}
      rest=${'$'}{entry#*:}
      parent=${'$'}{rest%%:*}
      rest=${'$'}{rest#*:}
      case $ids in
        *" $pid "*) ;;
        *" $parent "* | *" ${'$'}{rest%:*} "* | *" ${'$'}{rest#*:} "*)
          ids="$ids$pid "
          grown=1
          ;;
      esac
    done
  done
  targets=
  for entry in $processes; do
    pid=${'$'}{entry%%:*}
    case $ids in *" $pid "*) targets="$targets $pid" ;; esac
  done
  if [ -n "$targets" ]; then
    empty=0
    for pid in $roots; do kill -s KILL -- "-$pid"; done
    kill -s KILL $targets
    # What is stuck in the kernel is not waited for at full speed.
    [ $rounds -lt 50 ] || sleep 0.1
  else
    empty=$((empty + 1))
    [ $empty -lt 2 ] || exit
  fi
done
`;
