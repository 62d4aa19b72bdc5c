export { asyncRaise } from './api/async-raise.js';
export {
  capabilities,
  type Capabilities,
  type PromptCapability,
  type StrategyCapability,
} from './api/capabilities.js';
export { createPool } from './api/create-pool.js';
export type { Pool } from './api/pool.js';
export type { PoolOptions } from './api/pool-options.js';
export type { MapOptions, PoolCallOptions, PoolStatistics } from './api/pool-types.js';
export { currentScope } from './api/current-scope.js';
export { run, type RunOptions, type RunWork } from './api/run.js';
export {
  deadlineHeaders,
  scopeFromHeaders,
  type DeadlineHeaders,
  type IncomingHeaders,
} from './api/deadline-headers.js';
export type { ProcessOptions, WorkerOptions } from './api/isolated-options.js';
export { runInProcess } from './api/run-in-process.js';
export { runInProcessSync } from './api/run-in-process-sync.js';
export { runInWorker } from './api/run-in-worker.js';
export { runInWorkerSync } from './api/run-in-worker-sync.js';
export { runSync } from './api/run-sync.js';
export { sendMessage } from './api/send-message.js';
export {
  runCommand,
  type BinaryCommandOptions,
  type TextCommandOptions,
} from './api/run-command.js';
export { runCommands } from './api/run-commands.js';
export { runCommandSync } from './api/run-command-sync.js';
export { startCommand } from './api/start-command.js';
export { task, type Task, type TaskReference } from './api/task.js';
export {
  timeoutable,
  type Timeoutable,
  type TimeoutableDecorator,
  type TimeoutableResult,
} from './api/timeoutable.js';
export {
  treeKill,
  type TreeKillCallback,
  type TreeKillOptions,
  type TreeKillReport,
} from './api/tree-kill.js';
export { wait, type Waited } from './api/wait.js';
export { withTimeout, type WithTimeoutOptions } from './api/with-timeout.js';
export type { BatchOptions, CommandOutcome, CommandSpec } from './core/command/command-batch.js';
export type { Command } from './core/command/command.js';
export type { CommunicateOptions, KillOptions, WaitOptions } from './core/command/wait-options.js';
export type {
  CommandOptions,
  InputFileOption,
  OutputFileOption,
  ProcessStartOptions,
  StdinOption,
  StdioOption,
  StdoutOption,
} from './core/command/command-options.js';
export type { TimeoutMessage } from './core/diagnostics.js';
export type {
  ErrorClass,
  ErrorOption,
  RunSyncOptions,
  ScopeOptions,
  StrategyOption,
} from './core/options.js';
export type { TimeoutState } from './core/scope.js';
export type { MapProgress, MapResult } from './core/pool/map-plan.js';
export { statistics, type LatenessHistogram, type Statistics } from './core/statistics.js';
export { Timeout } from './core/timeout.js';
export { CommandError, type CommandFailureReason } from './errors/command-error.js';
export { CommandTimeoutError } from './errors/command-timeout-error.js';
export { InvalidOptionError } from './errors/invalid-option-error.js';
export { InvalidStateError } from './errors/invalid-state-error.js';
export { InvalidThreadError } from './errors/invalid-thread-error.js';
export { NotTransferableError } from './errors/not-transferable-error.js';
export { ProcessExitError } from './errors/process-exit-error.js';
export { QueueFullError } from './errors/queue-full-error.js';
export { StrategyUnavailableError } from './errors/strategy-unavailable-error.js';
export { isTimeoutError, TimeoutError } from './errors/timeout-error.js';
export { WorkerExitError } from './errors/worker-exit-error.js';
export type { CommandResult } from './strategy/command/command-result.js';
export type { Overflow } from './strategy/command/command-request.js';
export type { Stage, StrategyName } from './strategy/strategy.js';
