/**
 * What the guard runs, for any POSIX shell; `$1` is what the marks of its thread begin with, `$2` how many
 * seconds pass before it kills. It sleeps in `read` until
 * the other end of its standard input is closed, which the system does however a process ends.
 *
 * Lines on its input: `guard PID`, `release PID`, `free MARK`. Then: nothing of the trees that are guarded, and nothing
 * that bears a mark of the thread's which is not free, is left alive.
 */
export const ORPHAN_GUARD_SCRIPT: string = String.raw`
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
trap '' HUP INT QUIT TERM
prefix=$1
trees=' '
free=

while read -r action what; do
  case $action in
    guard) trees="$trees$what " ;;
    release) case $trees in
      *" $what "*) trees="${'$'}{trees%%" $what "*} ${'$'}{trees#*" $what "}" ;;
    esac ;;
    free) free="$free -e $what;" ;;
  esac
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
  for file in $(grep -l -F -e "$prefix" /proc/[0-9]*/environ); do
    if [ -n "$free" ] && grep -q -F $free "$file"; then continue; fi
    pid=${'$'}{file#/proc/}
    echo "${'$'}{pid%/environ}"
  done
}

# What the death of its parent has asked to end gets to do so.
[ "${'$'}{2:-0}" = 0 ] || sleep "$2"

ids=$trees
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
    for pid in $trees; do kill -s KILL -- "-$pid"; done
    kill -s KILL $targets
    # What is stuck in the kernel is not waited for at full speed.
    [ $rounds -lt 50 ] || sleep 0.1
  else
    empty=$((empty + 1))
    [ $empty -lt 2 ] || exit
  fi
done
`;
