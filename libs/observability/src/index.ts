export { childFromHeaders, createLogger } from './logger.js';
export type { Logger, LoggerOptions } from './logger.js';
export { containsCardNumber, maskCardNumbers } from './card-number.js';
export { maskText, maskValue, protectSecret } from './mask.js';
export { counter, gauge, histogram, metrics, startDefaultMetrics } from './metrics.js';
export type { Counter, Gauge, Histogram } from './metrics.js';
export { continueTrace, newTraceparent, parseTraceparent, traceIdOf } from './trace.js';
export type { TraceContext } from './trace.js';
