import { runCommandSync } from 'hardstop';

// It ignores SIGTERM. `spawnSync` with a timeout would wait for it to the end.
const result = runCommandSync('sh', ['-c', "trap '' TERM; sleep 100; sleep 100"], {
  timeout: 300,
  grace: 200,
  error: false,
});
console.log(result);
