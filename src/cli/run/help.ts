export const RUN_HELP = `Usage: hardstop run [OPTION]... DURATION COMMAND [ARG]...

Start COMMAND, and end it and all that it has started if it still runs after
DURATION. As coreutils' timeout, option for option and status for status.

  -f, --foreground        let COMMAND read from the terminal and get its signals
                          when hardstop was not started from a prompt; what
                          COMMAND has started is not ended then, unless --tree
  -k, --kill-after=DURATION
                          send KILL too if COMMAND still runs so long after the
                          first signal
  -p, --preserve-status   exit with COMMAND's status also when time was up
  -s, --signal=SIGNAL     what is sent when time is up, by name or number;
                          TERM if it is not given
  -v, --verbose           tell on standard error which signals are sent
      --tree              end all that COMMAND has started, wherever it has gone
                          (the default)
      --no-tree           end COMMAND and its process group only, as timeout does
      --idle=DURATION     time is up too when COMMAND has written nothing for so
                          long; its output then passes through a pipe
      --json=FILE         write a report to FILE
      --help              print this text
      --version           print the version

DURATION is a number with an optional suffix: s for seconds (the default), m for
minutes, h for hours, d for days. 0 switches the limit off.

Exit status:
  124  time was up, and --preserve-status was not given
  125  hardstop run itself has failed
  126  COMMAND was found but cannot be invoked
  127  COMMAND was not found
  137  COMMAND or hardstop was sent KILL (128+9)
  -    COMMAND's status otherwise; if a signal has ended it, so is hardstop
`;
