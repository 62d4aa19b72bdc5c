/**
 * Makes hard stops prompt on engines whose warm loops are otherwise blind to them, by switching V8's middle compiler
 * (Maglev) off for the process. Import it before anything else, or start Node with `--import hardstop/prompt`: functions
 * that are warm already stay as they are.
 *
 * What it does not cure: a function that gets stuck in the very call in which the optimising compiler takes it up (after
 * some tens or hundreds of calls), and functions of more than 60 KB of bytecode. For the former,
 * `node --no-concurrent-recompilation` is complete, but can only be given on the command line.
 * `capabilities().prompt` tells whether any of this is needed: where the addon's own cure works, it is not. Its price is
 * in docs/strategies.md.
 *
 * @packageDocumentation
 */
import { setPromptFlags } from './prompt-flag.js';

setPromptFlags();
