export { mapError } from './map-error.js';
export { BASE_SETTINGS } from './settings.js';
export type { BaseConfig } from './settings.js';
export { openParts, ServiceParts } from './service-parts.js';
export type { ConsumeOptions, PartsOptions } from './service-parts.js';
export { ParkedController, PARKED_LOGS } from './parked.controller.js';
export { streamVersions } from './stream-versions.sql.js';
