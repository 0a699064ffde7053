export { readConfig, parseConfig } from './config/read-config.js';
export type { Config, ConfigResult, ConfigSpec } from './config/read-config.js';
export {
  choice,
  integer,
  jsonFile,
  list,
  milliseconds,
  optional,
  secret,
  text,
  url,
} from './config/settings.js';
export type { Setting, SettingAnswer } from './config/settings.js';
export { findSecret, readSecret } from './config/secret.js';
export { Problem, problemOf } from './problem/problem.js';
export type { FieldProblem, ProblemDocument, ProblemOptions } from './problem/problem.js';
export { Health } from './service/health.js';
export type { HealthReport, ProbeAnswer } from './service/health.js';
export { runService, startService } from './service/run-service.js';
export type { RunningService, ServiceOptions, ShutdownStep } from './service/run-service.js';
export { RawBody } from './request/raw-body.js';
export { annotate, hush, traceparentOf } from './request/request-log.js';
export { parseIdempotencyKey, requestDigest } from './request/idempotency-key.js';
export { NoCardNumber, findCardNumber } from './request/card-numbers.js';
export { ApiKeys, listedKeys, SCOPES } from './access/api-keys.js';
export type { ApiKey, ListedKey, Scope } from './access/api-keys.js';
export { ApiKeyFile, apiKeyFile } from './access/api-key-file.js';
export { withKey, withoutKey } from './access/key-list.js';
export type { MadeKey, WantedKey } from './access/key-list.js';
export { ReadTokenSigner, ReadTokenVerifier } from './access/read-token.js';
export type { ReadToken } from './access/read-token.js';
export { AllowReadToken, Caller, Public, RequireScopes, callerOf } from './access/access-guard.js';
export type { AccessOptions, CallerIdentity } from './access/access-guard.js';
