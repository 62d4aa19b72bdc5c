export const HELP = `Usage: hardstop COMMAND [OPTION]...

Timeouts that really stop the work.

Commands:
  run       start a command, and end it and all that it has started in time;
            'hardstop run --help' tells more
  doctor    what works on this machine, and why the rest does not
  bench     measure how late each strategy stops a loop, and what a call costs

Options of 'doctor':
  --json                  print the report as JSON
  Exit status: 0 when synchronous code can be stopped here and the self-check
  passed, 1 otherwise.

Options of 'bench':
  --iterations COUNT      loops to stop per strategy (default 200)
  --timeout MS            limit of each loop, whole milliseconds (default 10)
  --json FILE             write machine, versions and all samples to FILE
  Each trial runs in a fresh process. Nothing else should run meanwhile.

General options:
  -h, --help              print this text
  -V, --version           print the version

Exit status 2 means that the command line was not understood ('run': 125).
`;
