import type { StrategyName } from '../strategy/strategy.js';
import { defineErrorName } from './error-name.js';

/** Thrown when what was asked for needs a strategy that is not there, or that cannot do it. Nothing was started. */
export class StrategyUnavailableError extends Error {
  static {
    defineErrorName(this, 'StrategyUnavailableError');
  }
  readonly code = 'ERR_HARDSTOP_STRATEGY_UNAVAILABLE';
  readonly strategy: StrategyName;

  constructor(strategy: StrategyName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.strategy = strategy;
  }
}
